"""One walk over a website."""

import hashlib
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import PurePosixPath
from time import sleep
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from knowledge.documents import Fetched, Listed
from knowledge.errors import SourceError
from knowledge.fetching import Response, shown
from knowledge.reading import SUPPORTED, suffix_of
from knowledge.sources.client import AGENT, Client, NotAllowedError, TooLargeError
from knowledge.sources.folder import NOT_DOCUMENTS
from knowledge.sources.memory import Memory, Seen
from knowledge.sources.pages import HTML, Page, name_of, normal, parse_page, parse_sitemap
from knowledge.sources.patterns import Patterns

if TYPE_CHECKING:
    from protego import Protego

_NO_PAGES = NOT_DOCUMENTS | frozenset(
    ".zip .gz .tgz .rar .7z .exe .dmg .iso .mp3 .mp4 .avi .mov .webm .ogg .wav .xml .rss .atom .ics".split()
)
_GONE = frozenset({401, 403, 404, 410, 451})
_IN_A_ROW = 3
"""Pages that fail one after another, after which it is the site that fails."""
_LONGEST_PAUSE = 10.0
_SITEMAPS = 1_000

Keep = Callable[[str, bytes, str], None]


class Crawl:
    """Asks for the page at `start`, for what sitemaps name, and for what pages link to, each once."""

    def __init__(
        self,
        client: Client,
        memory: Memory,
        start: str,
        patterns: Patterns,
        *,
        max_pages: int,
        robots: bool,
        keep: Keep,
    ) -> None:
        """`keep` is given what came of a new page: its address, content and media type."""
        self._client = client
        self._memory = memory
        self._start = start
        self._patterns = patterns
        self._max_pages = max_pages
        self._robots = robots
        self._keep = keep
        self._rules: Protego | None = None
        self._pause = 0.0
        self._dates: dict[str, datetime | None] = {}
        self._waiting: deque[str] = deque()
        self._queued: set[str] = set()
        self._failing: set[str] = set()
        self._failed_in_a_row = 0
        self._follows = True
        self._folder = _folder(start)
        self._partial: str | None = None

    def pages(self) -> Iterator[Listed]:
        """Every page; raises `SourceError` at the end when that may not be all."""
        self._read_robots()
        self._begin()
        while self._waiting:
            if len(self._memory.now) >= self._max_pages:
                self._partial = (
                    f"the site has more than {self._max_pages} pages; raise `max_pages`, or choose fewer by "
                    "`url` or `exclude`"
                )
                break
            self._visit(self._waiting.popleft())
        yield from self._listed()
        self._memory.save(whole=self._partial is None)
        if self._partial:
            raise self._client.trouble(self._partial)

    def _read_robots(self) -> None:
        if not self._robots:
            return
        from protego import Protego

        response = self._client.ask(urljoin(self._start, "/robots.txt"))
        if response.status >= 500:
            raise self._client.trouble(
                f"{shown(response.url)} says HTTP {response.status}, so nothing may be read until it is there"
            )
        if response.status < 300:
            self._rules = Protego.parse(response.body.decode("utf-8", "replace"))
            self._pause = min(float(self._rules.crawl_delay(AGENT) or 0), _LONGEST_PAUSE)

    def _allows(self, url: str) -> bool:
        return self._rules is None or bool(self._rules.can_fetch(url, AGENT))

    def _begin(self) -> None:
        """The first page, and what sitemaps name; a sitemap given as the start is all there is."""
        if PurePosixPath(urlsplit(self._start).path).suffix in (".xml", ".gz"):
            self._follows = False
            self._folder = urljoin(self._start, "/")
            if not self._read_sitemaps([self._start], needed=True):
                raise self._client.trouble(f"{shown(self._start)} is no sitemap; check the address")
            return
        if not self._allows(self._start):
            raise self._client.trouble(
                f"robots.txt of the site forbids {shown(self._start)}; allow `{AGENT}` there, or set "
                "`robots = false` if the site is yours"
            )
        self._visit(self._start, first=True)
        named = [url for one in (self._rules.sitemaps if self._rules else ()) if (url := normal(one))]
        self._read_sitemaps(named or [urljoin(self._start, "/sitemap.xml")], needed=bool(named))

    def _read_sitemaps(self, sitemaps: list[str], *, needed: bool) -> bool:
        """Queues what they name; false when the first is none."""
        pending, seen, found = deque(sitemaps), set(sitemaps), False
        while pending:
            url = pending.popleft()
            response = self._client.ask(url)
            if response.status >= 500 or (response.status >= 300 and needed and not self._follows):
                raise self._client.trouble(f"{shown(url)} says HTTP {response.status}; check the sitemap")
            sitemap = parse_sitemap(response) if response.status < 300 else None
            if sitemap is None:
                # Named by another, or there and something else: pages that it alone names are missing.
                if url not in sitemaps or (needed and response.status < 300):
                    self._partial = f"{shown(url)} is no sitemap (HTTP {response.status}); check it"
                continue
            found = True
            for page, changed in sitemap.pages.items():
                self._dates[page] = changed
                self._queue(page)
            for further in sitemap.sitemaps:
                if further not in seen and len(seen) < _SITEMAPS:
                    seen.add(further)
                    pending.append(further)
        return found

    def _queue(self, url: str) -> None:
        if url in self._queued or not self._in_scope(url):
            return
        self._queued.add(url)
        self._waiting.append(url)

    def _in_scope(self, url: str) -> bool:
        if not url.startswith(self._folder) and url != self._folder.rstrip("/"):
            return False
        if PurePosixPath(urlsplit(url).path).suffix.lower() in _NO_PAGES:
            return False
        return not self._patterns.exclude(name_of(url, self._folder)) and self._allows(url)

    def _visit(self, url: str, *, first: bool = False) -> None:
        """Asks for a page, and queues what it leads to."""
        self._queued.add(url)
        if url in self._memory.now:
            return
        if self._pause:
            sleep(self._pause)
        known = self._memory.before(url)
        target = self._memory.before(known.final) if known and known.final else known
        try:
            response = self._client.ask(url, headers=target.conditions() if target else None)
        except (TooLargeError, NotAllowedError):
            if first:
                raise
            self._memory.now[url] = Seen(listed=False)
            return
        except SourceError as error:
            if first:
                raise
            self._fail(url, str(error))
            return
        if response.status in _GONE and not first:
            return
        if response.status not in (200, 203, 304):
            if first:
                self._client.check(response)
            self._fail(url, f"{shown(url)} says HTTP {response.status}")
            return
        self._failed_in_a_row = 0
        final = normal(response.url) or url
        if final != url:
            if first:
                self._folder = _folder(final)
            self._memory.now[url] = Seen(listed=False, final=final)
            if final in self._memory.now or not self._in_scope(final):
                return
            self._queued.add(final)
        self._take(final, response, target)

    def _take(self, url: str, response: Response, known: Seen | None) -> None:
        unchanged = known if response.status == 304 else None
        seen = unchanged or self._read(url, response)
        self._memory.now[url] = seen
        if self._follows:
            for link in seen.links:
                self._queue(link)
            if seen.canonical:
                self._queue(seen.canonical)

    def _read(self, url: str, response: Response) -> Seen:
        content, media_type, page = readable(response)
        fetched = Fetched(urlsplit(url).path, content, media_type)
        if suffix_of(fetched) not in SUPPORTED or not content.strip():
            return Seen(listed=False)
        digest = hashlib.blake2b(content, digest_size=16).hexdigest()
        known = self._memory.before(url)
        if known is None or known.digest != digest:
            self._keep(url, content, media_type)
        return Seen(
            response.headers.get("etag"),
            response.headers.get("last-modified"),
            digest,
            tuple(link for link in page.links if self._in_scope(link)) if page else (),
            page.canonical if page else None,
            page.listed if page else True,
        )

    def _fail(self, url: str, why: str) -> None:
        """A page that cannot be had now: as it was before, its links too, where it was ever had.

        The first time that one was never had, what it may lead to is unknown: then that is not all there is.
        """
        self._failed_in_a_row += 1
        if self._failed_in_a_row >= _IN_A_ROW:
            raise self._client.trouble(f"{why.removesuffix('.')}, as do pages before it")
        known = self._memory.before(url)
        if known is None:
            self._partial = f"{why.removesuffix('.')}; what it leads to is seen when it is there again"
        self._failing.add(url)
        self._memory.now[url] = known or Seen()
        for link in known.links if known and self._follows else ():
            self._queue(link)

    def _listed(self) -> Iterator[Listed]:
        seen = self._memory.now
        for url, page in seen.items():
            name = name_of(url, self._folder)
            if not page.listed or not self._patterns.choose(name):
                continue
            original = seen.get(page.canonical) if page.canonical and page.canonical != url else None
            if original is not None and original.digest and original.listed:
                continue  # a copy of another page
            modified = _date(page.last_modified) or self._dates.get(url)
            signal = "" if url in self._failing else page.digest
            yield Listed(name, signal, url, modified)


def readable(response: Response) -> tuple[bytes, str, Page | None]:
    """The content as it is read, its media type, and what the page says of itself when it is one."""
    media_type = response.media_type
    start = response.body[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if media_type in HTML or (not media_type and start.startswith((b"<!doctype html", b"<html"))):
        page = parse_page(response)
        return page.content, "text/html", page
    return response.body, media_type, None


def _folder(url: str) -> str:
    return urljoin(url, ".") if not url.endswith("/") else url.partition("?")[0]


def _date(value: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(value).astimezone(UTC) if value else None
    except ValueError:
        return None
