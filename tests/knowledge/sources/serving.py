"""A loopback server in a thread, whose pages a test decides, and which can be slow, broken and forbidding."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from knowledge.sources.testing import World


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body or b"{}")


@dataclass
class Said:
    """One answer."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


def says(value: Any, status: int = 200, **headers: str) -> Said:
    """An answer as JSON."""
    return Said(json.dumps(value).encode(), status, {"Content-Type": "application/json", **headers})


@dataclass
class Server:
    """Answers by `answer`, unless it is told to fail first."""

    answer: Callable[[Asked], Said] = lambda _: Said(status=404)
    asked: list[Asked] = field(default_factory=list)
    first: list[Said] = field(default_factory=list)
    """Said to the next requests instead."""
    always: Callable[[Asked], Said | None] = lambda _: None
    """Said instead where it is not None."""
    url: str = ""

    @property
    def place(self) -> str:
        return self.url.removeprefix("http://")

    def slow_down(self, times: int = 2) -> None:
        """The next requests come too soon."""
        self.first += [Said(status=429, headers={"Retry-After": "0"})] * times

    def handle(self, asked: Asked) -> Said:
        self.asked.append(asked)
        if self.first:
            return self.first.pop(0)
        return self.always(asked) or self.answer(asked)


@contextmanager
def serving(answer: Callable[[Asked], Said] | None = None) -> Iterator[Server]:
    """A running server."""
    server = Server(answer) if answer else Server()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def respond(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            said = server.handle(Asked(self.command, parts.path, query, headers, body))
            self.send_response(said.status)
            for key, value in said.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(said.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said.body)

        do_GET = do_POST = do_HEAD = do_PROPFIND = respond  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


class ServedWorld(World):
    """A service on loopback: `answer` is its own, by `token`, `failing` and `served`."""

    def __init__(self, server: Server, cache: Path) -> None:
        self.server = server
        self.cache = cache
        self.token = self.secret
        """What is let in."""
        self.failing = ""
        """Whether listings fail at the `start` or in the `middle`."""
        self.broken: set[str] = set()
        """What is listed and cannot be had."""
        self.served = 0
        server.answer = self.answer

    def answer(self, asked: Asked) -> Said:
        """What the service says."""
        raise NotImplementedError

    def spoil(self, name: str) -> None:
        self.broken.add(self.document(name))

    def fail(self) -> None:
        self.failing = "start"

    def fail_midway(self) -> None:
        self.failing = "middle"

    def refuse(self) -> None:
        self.token = "another"

    def slow_down(self) -> None:
        self.server.slow_down()

    def contents_served(self) -> int:
        return self.served
