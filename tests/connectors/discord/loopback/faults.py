"""Answers of Discord: what is well, and what goes wrong."""

import json
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
