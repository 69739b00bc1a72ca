"""Pages of a website: what its sitemaps name and what its links lead to, below one address."""

import zlib
from collections.abc import Iterator, Sequence

from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError
from knowledge.fetching import shown
from knowledge.reading import SUPPORTED, suffix_of, unsupported
from knowledge.sources import Surroundings
from knowledge.sources.client import Client
from knowledge.sources.crawling import Crawl, readable
from knowledge.sources.memory import Memory
from knowledge.sources.pages import normal
from knowledge.sources.patterns import Patterns

_KEPT = 64_000_000
"""Bytes of new pages, packed, that are kept from the listing until they are fetched."""


class WebSource:
    """The pages below the folder of `url`, by their path in it.

    Each listing asks for every page once, with what it answered last time (ETag, Last-Modified): a page that
    did not change costs an empty answer. Pages are known by their canonical address, and robots.txt is kept
    to. An address of a sitemap means what it names.
    """

    def __init__(
        self,
        name: str,
        *,
        url: str,
        surroundings: Surroundings,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        max_pages: int = 5_000,
        robots: bool = True,
    ) -> None:
        self.name = name
        start = normal(url)
        if start is None:
            raise SourceError(f"Source `{name}`: `{shown(url)}` is no web address; write https://….")
        self._start = start
        # The addresses are the site's word, so private ones are refused unless allowed.
        self._client = Client(name, start, surroundings, trusts_base=False)
        self._cache = surroundings.cache
        self._patterns = Patterns(include, exclude)
        self._max_pages = max_pages
        self._robots = robots
        self._kept: dict[str, tuple[bytes, str]] = {}
        self._kept_size = 0

    def list(self) -> Iterator[Listed]:
        """Every page there is, sorted; raises `SourceError` unless all of them were seen."""
        crawl = Crawl(
            self._client,
            Memory(self._cache / "pages.json"),
            self._start,
            self._patterns,
            max_pages=self._max_pages,
            robots=self._robots,
            keep=self._keep,
        )
        return crawl.pages()

    def one(self, document: str, url: str | None) -> Listed | None:
        """A page that is known, without asking for every other."""
        return Listed(document, "", url) if url else None

    def fetch(self, listed: Listed) -> Fetched:
        """The page without what surrounds it on each page of the site."""
        assert listed.url is not None, "every page has an address"
        if listed.url in self._kept:
            packed, media_type = self._kept.pop(listed.url)
            self._kept_size -= len(packed)
            return Fetched(listed.document, zlib.decompress(packed), media_type)
        content, media_type, _ = readable(self._client.document(listed.document, listed.url))
        fetched = Fetched(listed.document, content, media_type)
        if suffix_of(fetched) not in SUPPORTED:
            raise unsupported(listed.document)
        return fetched

    def close(self) -> None:
        """Closes the connections."""
        self._client.close()

    def _keep(self, url: str, content: bytes, media_type: str) -> None:
        packed = zlib.compress(content, 1)
        if self._kept_size + len(packed) <= _KEPT:
            self._kept[url] = (packed, media_type)
            self._kept_size += len(packed)
