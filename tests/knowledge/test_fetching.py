"""Fetching: which addresses are reached, what is passed on where, how much and how long."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st

from knowledge.addresses import AllowList, check_allowed
from knowledge.fetching import (
    BlockingFetcher,
    Fetcher,
    FetchError,
    FetchRefusedError,
    Limits,
    shown,
)
from tests.web_server import WebServer, web_server

PRIVATE = (
    "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "0.0.0.0", "224.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fd00::1", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "fe80::1%eth0",
    "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "3fff::1", "5f00::1", "4000::1",
    "192.0.0.192", "192.88.99.1",
)  # fmt: skip


class Names(AbstractResolver):
    """A DNS of a test's own: what each name resolves to, in turn."""

    def __init__(self, **answers: list[str]) -> None:
        self.answers = answers

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> Any:
        addresses = self.answers[host.partition(".")[0]]
        address = addresses.pop(0) if len(addresses) > 1 else addresses[0]
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self) -> None: ...


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with web_server() as running:
        yield running


@pytest.mark.parametrize("address", PRIVATE)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    """Private, loopback, link-local, multicast, reserved, and those that carry one of them inside."""
    assert not AllowList(()).address(address, 80)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "::ffff:8.8.8.8"])
def test_public_addresses_are_reached(address: str) -> None:
    """Nothing needs to be said for them."""
    assert AllowList(()).address(address, 443)


@pytest.mark.parametrize(
    ("entry", "address", "port", "allowed"),
    [
        ("127.0.0.1:8099", "127.0.0.1", 8099, True),
        ("127.0.0.1:8099", "127.0.0.1", 8098, False),
        ("127.0.0.1:8099", "::ffff:127.0.0.1", 8099, True),
        ("127.0.0.1", "127.0.0.1", 1, True),
        ("10.1.0.0/16", "10.1.2.3", 80, True),
        ("10.1.0.0/16:80", "10.1.2.3", 81, False),
        ("10.1.0.0/16", "10.2.2.3", 80, False),
        ("[::1]:8099", "::1", 8099, True),
        ("[::1]:8099", "::1", 80, False),
    ],
)
def test_an_entry_allows_what_it_says(entry: str, address: str, port: int, allowed: bool) -> None:
    """An address or a network, at one port or at every one."""
    assert AllowList([entry]).address(address, port) is allowed


def test_a_name_allows_that_name_alone() -> None:
    """Not what else lives at the address, and not a longer or shorter name."""
    listed = AllowList(["intranet.example:8080", "wiki"])
    assert listed.name("Intranet.Example.", 8080)
    assert listed.name("wiki", 1)
    assert not listed.name("intranet.example", 80)
    assert not listed.name("evil.intranet.example", 8080)
    assert not listed.address("10.0.0.1", 8080)


@pytest.mark.parametrize(
    "entry", ["", "http://a", "a:0", "a:99999", "300.1.1.1", "10.0.0.0/99", "a b", "u@h"]
)
def test_an_entry_that_means_nothing_is_an_error(entry: str) -> None:
    """It says what to write."""
    with pytest.raises(ValueError, match=r"write a host|which is no address"):
        check_allowed(entry)


async def test_loopback_is_refused_before_anything_is_sent(server: WebServer) -> None:
    """The error names the address and the remedy."""
    async with Fetcher() as fetcher:
        with pytest.raises(FetchRefusedError, match=r"127\.0\.0\.1.*\[fetch\]"):
            await fetcher.fetch(f"{server.url}/secret?token=abc")
    assert server.asked == []


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
async def test_other_ways_of_writing_loopback_are_refused(server: WebServer, host: str) -> None:
    """However the number is written, it is the same place."""
    port = server.url.rpartition(":")[2]
    async with Fetcher() as fetcher:
        with pytest.raises(FetchError):
            await fetcher.fetch(f"http://{host}:{port}/")
    assert server.asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://a/b", "gopher://a", "//a", "a", "http://", "http://u:p@a/"]
)
async def test_only_http_is_spoken(url: str) -> None:
    """Other schemes, and names and passwords in the address, are refused."""
    async with Fetcher() as fetcher:
        with pytest.raises(FetchError):
            await fetcher.fetch(url)


async def test_an_allowed_place_is_fetched(server: WebServer) -> None:
    """With its status, its kind and its body."""
    server.says("/a", {"ñ": 1})
    async with Fetcher([server.place]) as fetcher:
        response = await fetcher.fetch(f"{server.url}/a")
    assert (response.status, response.media_type, response.text()) == (
        200,
        "application/json",
        '{"\\u00f1": 1}',
    )


async def test_a_name_that_resolves_to_a_private_address_is_refused(server: WebServer) -> None:
    """What DNS says is checked, not what the name looks like."""
    port = server.url.rpartition(":")[2]
    async with Fetcher(resolver=Names(inside=["127.0.0.1"])) as fetcher:
        with pytest.raises(FetchRefusedError, match=r"inside\.example"):
            await fetcher.fetch(f"http://inside.example:{port}/")
    assert server.asked == []


async def test_a_name_that_changes_its_mind_is_refused(server: WebServer) -> None:
    """DNS rebinding: each connection goes to an address that was itself checked."""
    port = server.url.rpartition(":")[2]
    async with Fetcher([f"[::1]:{port}"], resolver=Names(rebound=["::1", "127.0.0.1"])) as fetcher:
        with pytest.raises(FetchError, match="cannot be reached"):
            await fetcher.fetch(f"http://rebound.example:{port}/")
        with pytest.raises(FetchRefusedError):
            await fetcher.fetch(f"http://rebound.example:{port}/")
    assert server.asked == []


async def test_a_name_is_allowed_by_name(server: WebServer) -> None:
    """Then it may be private."""
    port = server.url.rpartition(":")[2]
    server.says("/", 1)
    async with Fetcher([f"inside.example:{port}"], resolver=Names(inside=["127.0.0.1"])) as fetcher:
        assert (await fetcher.fetch(f"http://inside.example:{port}/")).status == 200


async def test_a_redirect_into_the_house_is_refused(server: WebServer) -> None:
    """The target of each redirect is checked like the first address."""
    async with web_server() as other:
        server.redirects("/out", f"{other.url}/admin")
        async with Fetcher([server.place]) as fetcher:
            with pytest.raises(FetchRefusedError):
                await fetcher.fetch(f"{server.url}/out")
        assert other.asked == []


async def test_a_redirect_to_another_scheme_is_refused(server: WebServer) -> None:
    """No file is read because a server says so."""
    server.redirects("/out", "file:///etc/passwd")
    async with Fetcher([server.place]) as fetcher:
        with pytest.raises(FetchRefusedError):
            await fetcher.fetch(f"{server.url}/out")


async def test_headers_do_not_travel_to_another_origin(server: WebServer) -> None:
    """A key for one service is not shown to the one it redirects to; within one origin it is."""
    async with web_server() as other:
        server.redirects("/near", "/far")
        server.redirects("/far", f"{other.url}/there")
        other.says("/there", 1)
        async with Fetcher([server.place, other.place]) as fetcher:
            await fetcher.fetch(f"{server.url}/near", headers={"X-Api-Key": "k", "Authorization": "Bearer k"})
        assert [asked.headers.get("x-api-key") for asked in server.asked] == ["k", "k"]
        assert "x-api-key" not in other.asked[0].headers
        assert "authorization" not in other.asked[0].headers


async def test_redirects_end(server: WebServer) -> None:
    """A loop is an error."""
    server.redirects("/a", "/a")
    async with Fetcher([server.place]) as fetcher:
        with pytest.raises(FetchError, match="more than 5"):
            await fetcher.fetch(f"{server.url}/a")


async def test_what_changes_something_is_not_redirected(server: WebServer) -> None:
    """A POST is sent once, to the place that was named."""
    server.redirects("/a", "/b", 307)
    async with Fetcher([server.place]) as fetcher:
        assert (await fetcher.fetch(f"{server.url}/a", method="POST", body=b"x")).status == 307
    assert len(server.asked) == 1


async def test_too_much_is_an_error(server: WebServer) -> None:
    """The size is counted while it comes, whatever the headers say."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 10_000)

    server.routes["/endless"] = endless
    async with Fetcher([server.place], limits=Limits(size=50_000)) as fetcher:
        with pytest.raises(FetchError, match="larger than 50,000"):
            await fetcher.fetch(f"{server.url}/endless")


async def test_a_small_parcel_of_much_is_an_error(server: WebServer) -> None:
    """What counts is the size unpacked."""

    async def bomb(_: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"\0" * 5_000_000), headers={"Content-Encoding": "gzip"})

    server.routes["/bomb"] = bomb
    async with Fetcher([server.place], limits=Limits(size=100_000)) as fetcher:
        with pytest.raises(FetchError):
            await fetcher.fetch(f"{server.url}/bomb")


async def test_what_never_ends_is_an_error(server: WebServer) -> None:
    """The time is for everything together."""

    async def slow(_: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        raise AssertionError

    server.routes["/slow"] = slow
    async with Fetcher([server.place], limits=Limits(seconds=0.2)) as fetcher:
        with pytest.raises(FetchError, match=r"longer than 0\.2 s"):
            await fetcher.fetch(f"{server.url}/slow")


async def test_nobody_there_is_an_error_that_was_not_sent() -> None:
    """Whoever must not repeat a request can tell that this one never arrived."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    async with Fetcher(["127.0.0.1"]) as fetcher:
        with pytest.raises(FetchError, match="cannot be reached") as caught:
            await fetcher.fetch(f"http://127.0.0.1:{port}/")
    assert not caught.value.sent


async def test_a_cut_connection_may_have_been_heard(server: WebServer) -> None:
    """The request was sent; what became of it is not known."""

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.routes["/cut"] = cut
    async with Fetcher([server.place]) as fetcher:
        with pytest.raises(FetchError, match="broke off") as caught:
            await fetcher.fetch(f"{server.url}/cut")
    assert caught.value.sent


@pytest.mark.parametrize(
    ("method", "once"), [("PUT", False), ("DELETE", False), ("POST", False), ("GET", True)]
)
async def test_what_changes_something_is_sent_once(server: WebServer, method: str, once: bool) -> None:
    """Also where the connection breaks off, after which clients send what they take for repeatable again."""

    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.routes["/cut"] = cut
    server.says("/a", 1)
    async with Fetcher([server.place]) as fetcher:
        await fetcher.fetch(f"{server.url}/a", method=method, once=once)
        with pytest.raises(FetchError, match="broke off"):
            await fetcher.fetch(f"{server.url}/cut", method=method, once=once)
    assert [one.path for one in server.asked] == ["/a", "/cut"]


async def test_what_only_reads_survives_a_connection_that_was_closed(server: WebServer) -> None:
    """A server that hung up meanwhile is asked again."""
    first = True

    async def cut(request: web.Request) -> web.StreamResponse:
        nonlocal first
        if first:
            first = False
            assert request.transport is not None
            request.transport.abort()
        return web.json_response(7)

    server.routes["/cut"] = cut
    async with Fetcher([server.place]) as fetcher:
        assert (await fetcher.fetch(f"{server.url}/cut")).body == b"7"


@pytest.mark.parametrize("location", ["http://[::1", "http://a:b:c/", "http://127.0.0.1:99999/", "//"])
async def test_a_redirect_to_nowhere_is_an_error(server: WebServer, location: str) -> None:
    """In words, whatever a server writes."""
    server.redirects("/a", location)
    async with Fetcher([server.place]) as fetcher:
        with pytest.raises(FetchError):
            await fetcher.fetch(f"{server.url}/a")


async def test_a_name_that_resolves_to_nothing_is_an_error() -> None:
    """Whatever a resolver answers."""

    class Nothing(Names):
        async def resolve(self, *_: Any, **__: Any) -> Any:
            return []

    async with Fetcher(resolver=Nothing()) as fetcher:
        with pytest.raises(FetchError):
            await fetcher.fetch("http://nowhere.example/")


async def test_a_thread_fetches_too(server: WebServer) -> None:
    """Sources are read in threads; the same rules hold there."""
    server.says("/a", 1)

    def read() -> int:
        with BlockingFetcher([server.place]) as fetcher:
            with pytest.raises(FetchRefusedError):
                fetcher.fetch("http://10.0.0.1/")
            return fetcher.fetch(f"{server.url}/a").status

    assert await asyncio.to_thread(read) == 200


@given(st.text(max_size=80))
def test_any_text_can_be_shown(text: str) -> None:
    """Errors name an address without its password and its query."""
    assert "secret" not in shown(
        f"https://user:secret@host/{text}".replace("secret@host/secret", "secret@host/")
    )
    assert "?" not in shown(f"https://host/{text}")
