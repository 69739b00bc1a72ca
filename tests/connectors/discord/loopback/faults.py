"""Answers of Discord: what is well, and what goes wrong."""

import json
import re
import time
from collections import defaultdict, deque
from collections.abc import Callable
from typing import Any

from aiohttp import web

Fault = Callable[[web.Request], web.Response | None]
"""Looks at a request, and answers it in Discord's place or lets it through."""


def said(body: Any, *, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """JSON as Discord sends it: the SDK reads no other content type than the bare one."""
    return web.Response(
        body=json.dumps(body).encode(), status=status, headers=headers, content_type="application/json"
    )


def refusal(status: int, code: int, text: str = "refused") -> web.Response:
    """An error as Discord words it."""
    return said({"code": code, "message": text}, status=status)


def overloaded(seconds: float, *, scope: str = "user", everywhere: bool = False) -> web.Response:
    """A 429."""
    return said(
        {"message": "You are being rate limited.", "retry_after": seconds, "global": everywhere},
        status=429,
        headers={"Via": "1.1 loopback", "X-RateLimit-Scope": scope, "Retry-After": str(seconds)},
    )


def banned(seconds: int) -> web.Response:
    """A 429 from in front of Discord: a page, not JSON, and no `Via`."""
    return web.Response(text="error code: 1015", status=429, headers={"Retry-After": str(seconds)})


def page(status: int) -> web.Response:
    """What stands in front of Discord says that it cannot be reached: a page, not JSON."""
    return web.Response(text="<html>cloudflare</html>", status=status, content_type="text/html")


class Buckets:
    """Discord's limit of posts and edits, to each channel and each interaction: haste is refused."""

    def __init__(self, limit: int = 5, seconds: float = 5.0) -> None:
        self.refused = 0
        self._limit, self._seconds = limit, seconds
        self._taken: defaultdict[tuple[str, str], deque[float]] = defaultdict(deque)

    def __call__(self, request: web.Request) -> web.Response | None:
        """A refusal, where it is due."""
        place = re.search(r"/(channels/[^/]+|webhooks/[^/]+/[^/]+)(/messages|$)", request.path)
        if place is None or request.method not in ("POST", "PATCH"):
            return None
        now, taken = time.monotonic(), self._taken[request.method, place[1]]
        while taken and now - taken[0] >= self._seconds:
            taken.popleft()
        if len(taken) < self._limit:
            taken.append(now)
            return None
        self.refused += 1
        return overloaded(round(taken[0] + self._seconds - now, 3))
