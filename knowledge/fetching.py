"""Fetching over HTTP from addresses that others name, safely.

Private, loopback, link-local and otherwise not public addresses are refused unless allowed, for literal
addresses, for what DNS says and after each redirect: what is checked is the address that is connected to.
Sizes and times are capped.
"""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urljoin, urlsplit

from knowledge.addresses import AllowList
from knowledge.errors import KnowledgeError

if TYPE_CHECKING:
    from aiohttp import ClientHandlerType, ClientMiddlewareType, ClientRequest, ClientResponse, ClientSession
    from aiohttp.abc import AbstractResolver

_SAFE = ("GET", "HEAD")
_REDIRECTS = {301, 302, 303, 307, 308}
_PIECE = 65_536
_PORTS = {"http": 80, "https": 443}


class FetchError(KnowledgeError):
    """Something could not be fetched. `sent`: the request may have arrived all the same."""

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class FetchRefusedError(FetchError):
    """The address may not be reached from here."""


class FetchTooLargeError(FetchError):
    """There is more of it than is wanted."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a fetch may take and how much it may bring."""

    seconds: float = 20.0
    """For everything: DNS, redirects, the last byte."""
    size: int = 10_000_000
    """Bytes, unpacked."""
    redirects: int = 5


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    method: str
    headers: Mapping[str, str]
    body: bytes | None
    once: bool


@dataclass(frozen=True, slots=True)
class Response:
    """What came back."""

    url: str
    """Where it came from in the end."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def media_type(self) -> str:
        """`text/html`, without parameters; empty where nothing is said."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def text(self) -> str:
        """The body in the encoding it says it has."""
        found = re.search(r"charset=\"?([\w-]+)", self.headers.get("content-type", ""), re.IGNORECASE)
        try:
            return self.body.decode(found.group(1) if found else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


class _NotAllowedError(OSError):
    """Raised inside the client, which passes OSErrors on."""


class _Resolver:
    """Asks DNS, and keeps back what may not be reached. The client connects to what this gives it."""

    def __init__(self, inner: "AbstractResolver", allowed: AllowList, by_name: set[tuple[str, int]]) -> None:
        self._inner = inner
        self._allowed = allowed
        self._by_name = by_name

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[Any]:
        found = await self._inner.resolve(host, port, family)
        if self._allowed.name(host, port):
            self._by_name.update((one["host"], port) for one in found)
            return found
        public = [one for one in found if self._allowed.address(one["host"], port)]
        if not public:
            raise _NotAllowedError(host)
        return public

    async def close(self) -> None:
        await self._inner.close()


class Fetcher:
    """An HTTP client that reaches public addresses, and those allowed. Use it as a context."""

    def __init__(
        self,
        allow: Sequence[str] = (),
        *,
        limits: Limits = Limits(),
        agent: str = "vocero",
        resolver: "AbstractResolver | None" = None,
    ) -> None:
        self._allowed = AllowList(allow)
        self._limits = limits
        self._agent = agent
        self._resolver = resolver
        self._by_name: set[tuple[str, int]] = set()
        self._sessions: dict[bool, ClientSession] = {}
        """By whether what they send is sent once."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Closes the connections."""
        while self._sessions:
            await self._sessions.popitem()[1].close()

    async def fetch(
        self,
        url: str,
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        limits: Limits | None = None,
        once: bool = False,
    ) -> Response:
        """What is at a URL, whatever its status; raises `FetchError`.

        `headers` are not passed on to another origin. A request that is not GET or HEAD is not redirected.
        `once`: it changes something, so it is not sent again where the connection broke off, nor redirected.
        """
        limits = limits or self._limits
        once = once or method not in _SAFE
        try:
            async with asyncio.timeout(limits.seconds):
                return await self._follow(_Request(url, method, headers or {}, body, once), limits)
        except TimeoutError:
            raise FetchError(f"{shown(url)} took longer than {limits.seconds:g} s.", sent=True) from None

    async def _follow(self, request: _Request, limits: Limits) -> Response:
        origin = _origin(request.url)
        for _ in range(limits.redirects + 1):
            self._check(request.url)
            response = await self._sent(request, limits)
            target = response.headers.get("location")
            if response.status not in _REDIRECTS or not target or request.once:
                return response
            url = _joined(request.url, target)
            request = replace(request, url=url, headers=request.headers if _origin(url) == origin else {})
        raise FetchError(f"{shown(request.url)} redirects more than {limits.redirects} times.", sent=True)

    def _check(self, url: str) -> None:
        """What can be told before asking DNS."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port or _PORTS.get(parts.scheme, 0)
        except ValueError:
            raise FetchError(f"{shown(url)} is not a URL.") from None
        if parts.scheme not in _PORTS or not host:
            raise FetchRefusedError(f"{shown(url)} is not an http or https address.")
        if parts.username is not None or parts.password is not None:
            raise FetchRefusedError(f"{shown(url)} has a name or password in it, which is not passed on.")
        try:
            ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return
        if not self._allowed.address(host, port):
            raise _refused(url)

    async def _sent(self, request: _Request, limits: Limits) -> Response:
        from aiohttp import ClientConnectorError, ClientError, InvalidURL

        url = request.url
        try:
            async with self._open(request.once).request(
                request.method,
                url,
                data=request.body,
                headers={"User-Agent": self._agent, **request.headers},
                allow_redirects=False,
                middlewares=(_no_second_time(),) if request.once else (),
            ) as response:
                return await _read(response, limits)
        except (InvalidURL, ValueError):
            raise FetchError(f"{shown(url)} is not a URL.") from None
        except ClientConnectorError as error:
            if isinstance(error.os_error, _NotAllowedError):
                raise _refused(url) from None
            raise FetchError(f"{shown(url)} cannot be reached.") from None
        except (ClientError, OSError) as error:
            what = type(error).__name__
            raise FetchError(f"{shown(url)} broke off while it was fetched ({what}).", sent=True) from None

    def _open(self, once: bool) -> "ClientSession":
        if once not in self._sessions:
            from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector, ThreadedResolver

            inner = self._resolver or ThreadedResolver()
            resolver: Any = _Resolver(inner, self._allowed, self._by_name)
            self._sessions[once] = ClientSession(
                # No cache of names: each answer of DNS is looked at anew. What is sent once gets a connection
                # of its own: of one that was used before nobody knows whether it is still heard.
                connector=TCPConnector(
                    resolver=resolver, socket_factory=self._socket, use_dns_cache=False, force_close=once
                ),
                cookie_jar=DummyCookieJar(),
                timeout=ClientTimeout(total=None),  # `fetch` keeps the time, over all redirects
            )
        return self._sessions[once]

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """The last look, at the very address that is connected to."""
        family, kind, protocol, _, (address, port, *_) = info
        if (address, port) not in self._by_name and not self._allowed.address(address, port):
            raise _NotAllowedError(address)
        opened = socket.socket(family, kind, protocol)
        opened.setblocking(False)
        return opened


class BlockingFetcher:
    """A `Fetcher` for code that runs in a thread of its own; one thread at a time."""

    def __init__(
        self, allow: Sequence[str] = (), *, limits: Limits = DEFAULT_LIMITS, agent: str = "vocero"
    ) -> None:
        self._fetcher = Fetcher(allow, limits=limits, agent=agent)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def fetch(self, url: str, **options: Any) -> Response:
        """As `Fetcher.fetch`."""
        return self._runner.run(self._fetcher.fetch(url, **options))

    def close(self) -> None:
        """Closes the connections."""
        self._runner.run(self._fetcher.aclose())
        self._runner.close()


def _no_second_time() -> "ClientMiddlewareType":
    """Keeps the client from sending a request again by itself when the connection broke off."""
    from aiohttp import ServerDisconnectedError

    sent = False

    async def pass_on(request: "ClientRequest", send: "ClientHandlerType") -> "ClientResponse":
        nonlocal sent
        if sent:
            raise ServerDisconnectedError
        sent = True
        return await send(request)

    return pass_on


async def _read(response: "ClientResponse", limits: Limits) -> Response:
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > limits.size:
            message = f"{shown(str(response.url))} is larger than {limits.size:,} bytes."
            raise FetchTooLargeError(message, sent=True)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(str(response.url), response.status, headers, bytes(body))


def _refused(url: str) -> FetchRefusedError:
    return FetchRefusedError(
        f"{shown(url)} is not a public address; name it under `allow` in [fetch] if it may be reached."
    )


def _joined(url: str, target: str) -> str:
    try:
        return urljoin(url, target)
    except ValueError:
        raise FetchError(f"{shown(url)} redirects to what is not a URL.", sent=True) from None


def _origin(url: str) -> tuple[str, str, int]:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0


def shown(url: str) -> str:
    """The address as an error may show it: no name, password or query."""
    parts = re.match(r"([a-z][a-z0-9+.-]*://)?(?:[^/@?#]*@)?([^/?#]*)([^?#]*)", url, re.IGNORECASE)
    return "".join(part or "" for part in parts.groups())[:200] if parts else "That"
