"""A website on loopback: pages with validators, sitemaps, robots.txt, canonical addresses, redirects."""

import gzip
import hashlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from knowledge.errors import SourceError, UnreadableError
from knowledge.reading import read
from knowledge.sources import Surroundings
from knowledge.sources.testing import SourceContract, World, listing, texts
from knowledge.sources.web import WebSource
from tests.knowledge.sources.serving import Asked, Said, Server, serving


class Site:
    """Pages by path; each has an ETag of its content."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.pages: dict[str, bytes] = {}
        self.headers: dict[str, dict[str, str]] = {}
        self.moved: dict[str, str] = {}
        self.robots: str | None = None
        self.sitemaps: dict[str, bytes] = {}
        self.served = 0
        server.answer = self.answer

    def page(self, path: str, body: str, head: str = "", **headers: str) -> None:
        head = f"<!doctype html><html><head><title>Título</title>{head}</head>"
        self.pages[path] = f"{head}<body>{body}</body></html>".encode()
        self.headers[path] = headers

    def answer(self, asked: Asked) -> Said:
        if asked.path == "/robots.txt":
            return Said(self.robots.encode()) if self.robots is not None else Said(status=404)
        if asked.path in self.moved:
            return Said(status=301, headers={"Location": self.moved[asked.path]})
        if asked.path in self.sitemaps:
            return Said(self.sitemaps[asked.path], headers={"Content-Type": "application/xml"})
        body = self.pages.get(asked.path)
        if body is None:
            return Said(status=404)
        etag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        if asked.headers.get("if-none-match") == etag:
            return Said(status=304)
        self.served += 1
        headers = {"Content-Type": "text/html; charset=utf-8", "ETag": etag}
        return Said(body, headers=headers | self.headers.get(asked.path, {}))

    def source(self, cache: Path, path: str = "/docs/", **options: object) -> WebSource:
        surroundings = Surroundings(cache, (self.server.place,))
        return WebSource("web", url=self.server.url + path, surroundings=surroundings, **options)

    def asked_for(self) -> list[str]:
        return [asked.path for asked in self.server.asked]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as server:
        yield Site(server)


def names(site: Site, cache: Path, path: str = "/docs/", **options: object) -> list[str]:
    with closing(site.source(cache, path, **options)) as source:
        return sorted(listed.document for listed in source.list())


class WebWorld(World):
    """A site with a page of links, which asks not to be listed itself."""

    def __init__(self, site: Site, cache: Path) -> None:
        self.site = site
        self.cache = cache
        self.broken: set[str] = set()
        self._link()
        site.server.always = lambda asked: Said(status=500) if asked.path in self.broken else None

    def _link(self) -> None:
        links = "".join(f'<a href="{path}">{path}</a> ' for path in self.site.pages if path != "/docs/")
        self.site.page("/docs/", links, '<meta name="robots" content="noindex">')

    def open(self) -> WebSource:
        return self.site.source(self.cache)

    def put(self, name: str, text: str) -> None:
        self.site.page(f"/docs/{name}", f"<h1>Título</h1><p>{text}</p>")
        self._link()

    def remove(self, name: str) -> None:
        del self.site.pages[f"/docs/{name}"]
        self._link()

    def move(self, name: str, to: str) -> None:
        self.site.pages[f"/docs/{to}"] = self.site.pages.pop(f"/docs/{name}")
        self._link()

    def spoil(self, name: str) -> None:
        listing(self)
        self.site.page(f"/docs/{name}", "<p>Otro texto.</p>")
        self.broken.add(f"/docs/{name}")

    def fail(self) -> None:
        self.broken.add("/docs/")

    def fail_midway(self) -> None:
        self.broken |= set(list(self.site.pages)[-4:])

    def slow_down(self) -> None:
        self.site.server.slow_down()

    def contents_served(self) -> int:
        return self.site.served


class TestWeb(SourceContract):
    """Every rule, crawling."""

    @pytest.fixture
    def world(self, site: Site, tmp_path: Path) -> WebWorld:
        return WebWorld(site, tmp_path / "cache")


def test_links_are_followed_within_the_folder_alone(site: Site, tmp_path: Path) -> None:
    """Up, away and to what is no page, no link leads."""
    site.page(
        "/docs/", '<a href="a">a</a><a href="/other/x">x</a><a href="http://elsewhere.example/docs/y">y</a>'
    )
    site.page("/docs/a", '<a href="../docs/b/#part">b</a><a href="logo.png">l</a><a href="mailto:a@b">m</a>')
    site.page("/docs/b/", '<a href="javascript:void(0)">j</a><a href="/docs/a?utm_source=x">a</a>')
    site.page("/other/x", "x")
    assert names(site, tmp_path) == ["/", "a", "b/"]
    assert site.asked_for().count("/docs/a") == 1


def test_sitemaps_name_pages_that_nothing_links_to(site: Site, tmp_path: Path) -> None:
    """An index of sitemaps, one of them packed, named by robots.txt."""
    base = site.server.url
    site.robots = f"Sitemap: {base}/maps.xml\n"
    site.sitemaps = {
        "/maps.xml": f"<sitemapindex><sitemap><loc>{base}/one.xml.gz</loc></sitemap></sitemapindex>".encode(),
        "/one.xml.gz": gzip.compress(
            f"<urlset><url><loc>{base}/docs/island</loc><lastmod>2024-05-01</lastmod></url>"
            f"<url><loc>{base}/private</loc></url></urlset>".encode()
        ),
    }
    site.page("/docs/", "Inicio de la documentación.")
    site.page("/docs/island", "<p>Nadie enlaza aquí.</p>")
    site.page("/private", "x")
    with closing(site.source(tmp_path)) as source:
        found = {listed.document: listed for listed in source.list()}
    assert set(found) == {"/", "island"}
    assert str(found["island"].modified) == "2024-05-01 00:00:00+00:00"


def test_a_sitemap_that_is_gone_makes_the_listing_partial(site: Site, tmp_path: Path) -> None:
    """One that another sitemap names: pages that it alone knew do not look deleted."""
    base = site.server.url
    site.robots = f"Sitemap: {base}/maps.xml\n"
    site.sitemaps = {
        "/maps.xml": f"<sitemapindex><sitemap><loc>{base}/one.xml</loc></sitemap></sitemapindex>".encode(),
        "/one.xml": f"<urlset><url><loc>{base}/docs/island</loc></url></urlset>".encode(),
    }
    site.page("/docs/", "Inicio de la documentación.")
    site.page("/docs/island", "<p>Nadie enlaza aquí.</p>")
    assert names(site, tmp_path) == ["/", "island"]
    site.sitemaps["/one.xml"] = b"<html>Mantenimiento</html>"
    with pytest.raises(SourceError, match=r"one\.xml"):
        names(site, tmp_path)
    del site.sitemaps["/one.xml"]
    with pytest.raises(SourceError, match=r"one\.xml"):
        names(site, tmp_path)


def test_a_sitemap_as_the_address_is_all_there_is(site: Site, tmp_path: Path) -> None:
    """Links of its pages are not followed; one that is gone is an error, not an empty site."""
    base = site.server.url
    site.sitemaps["/sitemap.xml"] = f"<urlset><url><loc>{base}/a</loc></url></urlset>".encode()
    site.page("/a", '<p>Uno</p><a href="/b">b</a>')
    site.page("/b", "<p>Dos</p>")
    assert names(site, tmp_path, "/sitemap.xml") == ["a"]
    del site.sitemaps["/sitemap.xml"]
    with pytest.raises(SourceError, match="404"):
        names(site, tmp_path, "/sitemap.xml")


def test_robots_txt_is_kept_to(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the longest rule that fits, with signs for any text; its pause is made between pages."""
    waited: list[float] = []
    monkeypatch.setattr("knowledge.sources.crawling.sleep", waited.append)
    site.robots = (
        "User-agent: *\nCrawl-delay: 2\nDisallow: /docs/*/draft\nDisallow: /docs/x\nAllow: /docs/x/open\n"
    )
    site.page("/docs/", "".join(f'<a href="{path}">.</a>' for path in ("a/draft", "x/shut", "x/open", "b")))
    for path in ("a/draft", "x/shut", "x/open", "b"):
        site.page(f"/docs/{path}", "<p>Texto.</p>")
    assert names(site, tmp_path, include=["b", "x", "a"]) == ["b", "x/open"]
    assert set(waited) == {2.0}
    assert not {"/docs/a/draft", "/docs/x/shut"} & set(site.asked_for())


def test_a_site_that_forbids_its_start_says_so(site: Site, tmp_path: Path) -> None:
    """And what to do; a site of one's own can be read all the same."""
    site.robots = "User-agent: vocero\nDisallow: /\n"
    site.page("/docs/", "<p>Texto.</p>")
    with pytest.raises(SourceError, match=r"robots\.txt.*robots = false"):
        names(site, tmp_path)
    assert names(site, tmp_path, robots=False) == ["/"]


def test_without_its_robots_txt_a_failing_site_is_not_read(site: Site, tmp_path: Path) -> None:
    """Nobody knows what it would say."""
    site.server.always = lambda asked: Said(status=503) if asked.path == "/robots.txt" else None
    site.page("/docs/", "<p>Texto.</p>")
    with pytest.raises(SourceError, match=r"robots\.txt"):
        names(site, tmp_path)


def test_a_page_under_several_addresses_is_one_document(site: Site, tmp_path: Path) -> None:
    """Its canonical address names it, a redirect leads to it; what names one that is not there is itself."""
    site.page("/docs/", '<a href="a?view=print">1</a><a href="old">2</a><a href="lone">3</a>')
    site.page("/docs/a", "<p>Texto.</p>", '<link rel="canonical" href="/docs/a">')
    site.page("/docs/lone", "<p>Solo.</p>", '<link rel="canonical" href="/docs/nowhere">')
    site.moved["/docs/old"] = "/docs/a"
    assert names(site, tmp_path) == ["/", "a", "lone"]
    assert names(site, tmp_path) == ["/", "a", "lone"]


def test_pages_that_ask_not_to_be_listed_are_not(site: Site, tmp_path: Path) -> None:
    """In their head or in their headers; their links count, unless they say otherwise."""
    site.page("/docs/", '<a href="a">a</a><a href="b">b</a><a href="c" rel="nofollow">c</a>')
    site.page("/docs/a", '<a href="d">d</a>', '<meta name="Robots" content="NOINDEX, nofollow">')
    site.page("/docs/b", '<a href="e">e</a>', **{"X-Robots-Tag": "noindex"})
    for path in "cde":
        site.page(f"/docs/{path}", "<p>Texto.</p>")
    assert names(site, tmp_path) == ["/", "e"]


def test_private_addresses_need_to_be_allowed(site: Site, tmp_path: Path) -> None:
    """The site itself, and where it redirects to."""
    site.page("/docs/", "<p>Texto.</p>")
    source = WebSource("web", url=site.server.url + "/docs/", surroundings=Surroundings(tmp_path))
    with closing(source), pytest.raises(SourceError, match=r"\[fetch\]"):
        list(source.list())


def test_a_page_that_leads_to_a_private_address_is_passed_over(site: Site, tmp_path: Path) -> None:
    """What a site redirects to is its word, not the operator's; the rest of the site is whole."""
    site.page("/docs/", '<a href="a">a</a><a href="out">o</a>')
    site.page("/docs/a", "<p>Texto.</p>")
    site.moved["/docs/out"] = "http://127.0.0.2:1/docs/x"
    assert names(site, tmp_path) == ["/", "a"]


def test_links_that_are_none_lead_nowhere(site: Site, tmp_path: Path) -> None:
    """Whatever people wrote there, the page counts and so do its other links."""
    odd = (
        '<a href="http://[::1/x">1</a><a href="//[">2</a><a href="%">3</a><a>4</a><a href="http://x:y/">5</a>'
    )
    site.page(
        "/docs/", f'{odd}<a href="a">a</a>', '<base href="http://["><link rel="canonical" href="http://[">'
    )
    site.page("/docs/a", "<p>Texto.</p>")
    assert names(site, tmp_path) == ["/", "a"]


def test_two_addresses_never_share_a_name(site: Site, tmp_path: Path) -> None:
    """A slash within a name is not one between names."""
    site.page("/docs/", '<a href="a/b">1</a><a href="a%2Fb">2</a><a href="a%C3%B1o">3</a>')
    for path in ("a/b", "a%2Fb", "a%C3%B1o"):
        site.page(f"/docs/{path}", f"<p>{path}</p>")
    assert names(site, tmp_path) == ["/", "a%2Fb", "a/b", "año"]


def test_a_page_never_had_makes_the_listing_partial_once(site: Site, tmp_path: Path) -> None:
    """What it leads to could be known from before; the second time it is one bad document."""
    site.page("/docs/", '<a href="a">a</a><a href="bad">bad</a>')
    site.page("/docs/a", "<p>Texto.</p>")
    site.server.always = lambda asked: Said(status=500) if asked.path == "/docs/bad" else None
    with pytest.raises(SourceError, match="/docs/bad"):
        names(site, tmp_path)
    assert names(site, tmp_path) == ["/", "a", "bad"]


def test_a_page_that_fails_for_now_keeps_what_it_led_to(site: Site, tmp_path: Path) -> None:
    """Nothing that was found through it looks deleted."""
    site.page("/docs/", '<a href="hub">h</a>')
    site.page("/docs/hub", '<a href="leaf">l</a>')
    site.page("/docs/leaf", "<p>Texto.</p>")
    assert names(site, tmp_path) == ["/", "hub", "leaf"]
    site.server.always = lambda asked: Said(status=502) if asked.path == "/docs/hub" else None
    assert names(site, tmp_path) == ["/", "hub", "leaf"]


def test_a_site_without_end_is_an_error_with_what_it_has(site: Site, tmp_path: Path) -> None:
    """A calendar of all days stops at `max_pages`; what was seen is taken in, nothing is deleted."""
    inner = site.answer

    def endless(asked: Asked) -> Said:
        if asked.path.startswith("/docs/day/"):
            number = int(asked.path.rpartition("/")[2])
            return Said(
                f'<p>Día {number}</p><a href="{number + 1}">mañana</a>'.encode(),
                headers={"Content-Type": "text/html"},
            )
        return inner(asked)

    site.page("/docs/", '<a href="day/1">hoy</a>')
    site.server.answer = endless
    with closing(site.source(tmp_path, max_pages=12)) as source:
        listing = source.list()
        found = [next(listing) for _ in range(12)]
        with pytest.raises(SourceError, match="max_pages"):
            next(listing)
    assert "day/3" in {listed.document for listed in found}


def test_what_stands_around_every_page_is_not_part_of_it(site: Site, tmp_path: Path) -> None:
    """Menus, banners and footers go by what they are called; what holds most of the text stays."""
    frame = (
        '<div class="cookie-consent">Usamos cookies</div>'
        '<div id="sidebar"><a href="x">Menú</a> <a href="y">Platos</a></div>'
        '<div class="site-footer">© Empresa</div>'
    )
    site.page("/docs/", f"{frame}<div class='text'><h1>Garantía</h1><p>Dura 24 meses.</p></div>")
    site.page("/docs/x", "<div class='menu'><p>El menú del día: milanesa con puré, flan y café.</p></div>")
    dishes = "".join(f"<div class='menu'><p>Menú {n}: milanesa con puré.</p></div>" for n in range(4))
    site.page("/docs/y", dishes)
    with closing(site.source(tmp_path)) as source:
        found = {listed.document: read(source.fetch(listed)) for listed in source.list()}
    assert [block.text for block in found["/"].blocks] == ["Garantía", "Dura 24 meses."]
    assert "milanesa" in found["x"].blocks[0].text
    assert len(found["y"].blocks) == 4


def test_what_changes_by_itself_is_no_change(site: Site, tmp_path: Path) -> None:
    """A page with a token that is new each time keeps its signal."""
    inner, count = site.answer, iter(range(100))

    def fresh(asked: Asked) -> Said:
        if asked.path != "/docs/":
            return inner(asked)
        token = next(count)
        body = f'<input type="hidden" value="{token}"><script>t={token}</script><p>Igual.</p>'
        return Said(body.encode(), headers={"Content-Type": "text/html"})

    site.server.answer = fresh
    signals = []
    for _ in range(2):
        with closing(site.source(tmp_path)) as source:
            signals += [listed.signal for listed in source.list()]
    assert len(set(signals)) == 1


@pytest.mark.parametrize("declared", ["header", "head"])
def test_pages_in_other_encodings_are_read(site: Site, tmp_path: Path, declared: str) -> None:
    """Whoever says which it is: the header or the page."""
    head = '<meta charset="iso-8859-1">' if declared == "head" else ""
    site.pages["/docs/"] = f"<html><head>{head}</head><body><p>Año y señal</p></body></html>".encode(
        "latin-1"
    )
    kind = "text/html; charset=iso-8859-1" if declared == "header" else "text/html"
    site.headers["/docs/"] = {"Content-Type": kind}
    with closing(site.source(tmp_path)) as source:
        (listed,) = source.list()
        assert read(source.fetch(listed)).blocks[0].text == "Año y señal"


def test_other_files_are_documents_too(site: Site, tmp_path: Path) -> None:
    """A text that is linked is read as what it is; a picture without an ending is passed over."""
    site.page("/docs/", '<a href="notas.txt">n</a><a href="imagen">i</a>')
    site.pages["/docs/notas.txt"] = b"Las notas."
    site.headers["/docs/notas.txt"] = {"Content-Type": "text/plain"}
    site.pages["/docs/imagen"] = b"\x89PNG"
    site.headers["/docs/imagen"] = {"Content-Type": "image/png"}
    assert names(site, tmp_path) == ["/", "notas.txt"]


def test_a_lost_cache_costs_requests_and_nothing_else(site: Site, tmp_path: Path) -> None:
    """Signals are the same without it."""
    world = WebWorld(site, tmp_path / "cache")
    world.put("a.md", "Uno.")
    before = listing(world)
    (tmp_path / "cache" / "pages.json").write_text("{broken")
    assert listing(world) == before
    assert b"Uno." in texts(world, before.values())[0]


def test_what_was_listed_and_not_fetched_is_fetched_later(site: Site, tmp_path: Path) -> None:
    """A process that ended between the two loses no page to an unchanged answer."""
    world = WebWorld(site, tmp_path / "cache")
    world.put("a.md", "Uno.")
    listing(world)
    found = listing(world)
    assert b"Uno." in texts(world, found.values())[0]


def test_a_page_gone_is_said_by_name(site: Site, tmp_path: Path) -> None:
    """With nothing kept from the listing."""
    world = WebWorld(site, tmp_path / "cache")
    world.put("a.md", "Uno.")
    found = listing(world)
    world.remove("a.md")
    with pytest.raises(UnreadableError, match=r"a\.md"):
        texts(world, found.values())
