"""A bucket on loopback: pages of a listing, signatures, ETags, and a service that is busy."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import unquote
from xml.sax.saxutils import escape

import pytest

from knowledge.documents import Listed
from knowledge.errors import SourceError, UnreadableError
from knowledge.sources.s3 import S3Source
from knowledge.sources.testing import SourceContract, World, listing
from tests.knowledge.sources.serving import Asked, Said, Server, serving

_PAGE = 3


class BucketWorld(World):
    """Objects by key."""

    secret = "wJalrSECRETSECRET"

    def __init__(self, server: Server) -> None:
        self.server = server
        self.objects: dict[str, bytes] = {}
        self.key_id = "AKIAEXAMPLE"
        self.broken: set[str] = set()
        self.failing: str | None = None
        self.served = 0
        self.options: dict[str, object] = {}
        server.answer = self.answer

    def answer(self, asked: Asked) -> Said:
        if self.key_id not in asked.headers.get("authorization", ""):
            return Said(b"<Error><Code>InvalidAccessKeyId</Code></Error>", 403)
        if asked.query.get("list-type") == "2":
            return self.page(asked.query)
        key = unquote(asked.path).removeprefix("/manuales/")
        if key in self.broken:
            return Said(status=500)
        if key not in self.objects:
            return Said(b"<Error><Code>NoSuchKey</Code></Error>", 404)
        self.served += 1
        body = self.objects[key]
        return Said(body, headers={"ETag": etag(body), "Last-Modified": "Fri, 01 Mar 2024 12:00:00 GMT"})

    def page(self, query: dict[str, str]) -> Said:
        token = query.get("continuation-token", "")
        if self.failing == "start" or (self.failing == "middle" and token):
            return Said(b"<Error><Code>InternalError</Code></Error>", 500)
        keys = sorted(key for key in self.objects if key.startswith(query.get("prefix", "")) and key > token)
        entries = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2024-03-01T12:00:00.000Z</LastModified>"
            f"<ETag>{etag(self.objects[key])}</ETag><Size>{len(self.objects[key])}</Size></Contents>"
            for key in keys[:_PAGE]
        )
        more = len(keys) > _PAGE
        token = f"<NextContinuationToken>{escape(keys[_PAGE - 1])}</NextContinuationToken>" if more else ""
        return Said(
            "<?xml version='1.0'?><ListBucketResult><Name>manuales</Name>"
            f"<KeyCount>{len(keys[:_PAGE])}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}</ListBucketResult>".encode(),
            headers={"Content-Type": "application/xml"},
        )

    def open(self) -> S3Source:
        return S3Source(
            "manuals",
            bucket="manuales",
            key_id="AKIAEXAMPLE",
            secret=self.secret,
            base_url=self.server.url,
            **self.options,
        )

    def put(self, name: str, text: str) -> None:
        self.objects[name] = f"# Título\n\n{text}\n".encode()

    def remove(self, name: str) -> None:
        del self.objects[name]

    def move(self, name: str, to: str) -> None:
        self.objects[to] = self.objects.pop(name)

    def spoil(self, name: str) -> None:
        self.broken.add(name)

    def fail(self) -> None:
        self.failing = "start"

    def fail_midway(self) -> None:
        self.failing = "middle"

    def refuse(self) -> None:
        self.key_id = "AKIAOTHER"

    def slow_down(self) -> None:
        self.server.first += [Said(b"<Error><Code>SlowDown</Code></Error>", 503)] * 2

    def contents_served(self) -> int:
        return self.served


def etag(body: bytes) -> str:
    return f'"{hashlib.md5(body).hexdigest()}"'


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[BucketWorld]:
    # The client waits by itself, in Rust: fewer times here.
    monkeypatch.setattr("knowledge.sources.s3._RETRIES", 3)
    with serving() as server:
        yield BucketWorld(server)


class TestS3(SourceContract):
    """Every rule."""


def test_a_prefix_is_left_out_of_names(world: BucketWorld) -> None:
    """Whether it is a folder or the beginning of a name; links lead to the whole key."""
    for key in ("publico/año 1.md", "publico/b.md", "privado/c.md", "publico-no/d.md"):
        world.put(key, "Texto.")
    world.options = {"prefix": "publico/", "links": "https://files.example/{path}"}
    found = listing(world)
    assert set(found) == {"año 1.md", "b.md"}
    assert found["año 1.md"].url == "https://files.example/publico/a%C3%B1o%201.md"
    with closing(world.open()) as source:
        assert b"Texto." in source.fetch(found["año 1.md"]).content
    world.options = {"prefix": "publico/b"}
    assert set(listing(world)) == {"b.md"}


def test_what_is_no_document_is_left_out(world: BucketWorld) -> None:
    """Hidden keys, pictures, and what patterns exclude."""
    for key in ("a.md", ".trash/b.md", "logo.png", "old/c.md"):
        world.put(key, "Texto.")
    world.options = {"exclude": ["old"]}
    assert set(listing(world)) == {"a.md"}


def test_an_object_that_may_not_be_read_is_its_own_trouble(world: BucketWorld) -> None:
    """The key lists more than it may read."""
    world.put("a.md", "Uno.")
    found = listing(world)
    world.server.always = lambda asked: Said(b"<Error><Code>AccessDenied</Code></Error>", 403)
    with closing(world.open()) as source, pytest.raises(UnreadableError, match=r"a\.md.*GetObject"):
        source.fetch(found["a.md"])


def test_a_service_that_is_away_is_said_in_a_sentence(world: BucketWorld) -> None:
    """Without the library's inner life."""
    source = S3Source("m", bucket="b", key_id="", secret="", base_url="http://127.0.0.1:1")
    for act in (lambda: list(source.list()), lambda: source.fetch(Listed("a.md", "x"))):
        with pytest.raises(SourceError) as caught:
            act()
        assert "Debug" not in str(caught.value)
        assert "\n" not in str(caught.value)
