"""A loopback HTTP server that says what a test has it say, and remembers what it was asked."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: str


@dataclass
class WebServer:
    """What is at which path, and what was asked for."""

    routes: dict[str, Callable[[web.Request], Awaitable[web.StreamResponse]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    url: str = ""

    @property
    def place(self) -> str:
        """`127.0.0.1:port`, as an allow-list names it."""
        return self.url.removeprefix("http://")

    def says(self, path: str, value: object, status: int = 200) -> None:
        """What is at a path, as JSON."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.json_response(value, status=status)

        self.routes[path] = answer

    def redirects(self, path: str, to: str, status: int = 302) -> None:
        """A path that leads elsewhere."""

        async def answer(_: web.Request) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": to})

        self.routes[path] = answer

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        body = await request.text()
        self.asked.append(Asked(request.method, request.raw_path, dict(request.query), headers, body))
        route = self.routes.get(request.path)
        return await route(request) if route else web.json_response({"error": "not here"}, status=404)


@asynccontextmanager
async def running(app: web.Application) -> AsyncIterator[str]:
    """Serves an application on loopback; gives its address."""
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def web_server() -> AsyncIterator[WebServer]:
    """A running server."""
    server = WebServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    async with running(app) as server.url:
        yield server
