"""What a page says besides its text: where it leads, what it is called, whether it may be listed."""

import gzip
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from knowledge.errors import UnreadableError
from knowledge.fetching import Response
from knowledge.reading.encoding import decode
from knowledge.reading.markup import is_all_links, words

HTML = frozenset({"text/html", "application/xhtml+xml"})
_TRACKING = re.compile(r"utm_\w+|gclid|fbclid|msclkid|mc_[ce]id|_ga|_hs\w+|igshid|(?:php)?sessid|jsessionid")
_PORTS = {"http": 80, "https": 443}
_SAFE = "/:@!$&'()*+,;=~-._%"
_MAX_SITEMAP = 100_000_000

# What no reader needs, and what differs each time a page is asked for.
_MACHINERY = (
    "script, style, noscript, template, iframe, link:not([rel=canonical]), input[type=hidden], "
    "meta[name*=csrf i], meta[name*=nonce i], meta[charset], meta[http-equiv=content-type i]"
)
# How the frame around pages is called on most sites, as a whole word of a class or an id: what is never
# content, and what is unless it is made of links.
_CHROME = re.compile(
    r"(?:^|[\s_-])(?:cookies?|consent|gdpr|breadcrumbs?|migas|(?:site|page|global)[_-]?(?:header|footer)|footer|"
    r"newsletter|skip-?(?:link|to))(?:$|[\s_-])",
    re.IGNORECASE,
)
_NAVIGATION = re.compile(
    r"(?:^|[\s_-])(?:side-?bar|side-?nav|nav(?:bar|igation)?|menu|top-?bar|masthead|shar(?:e|ing)|social|"
    r"related(?:[_-]posts)?|pagination|pager|banner|popup|modal|toc)(?:$|[\s_-])",
    re.IGNORECASE,
)
_LINKS = 0.5
"""Share of a text that stands in links where it is made of them."""
_LONGEST_CHROME = 600
_MOST = 0.4
"""Share of a page's text that is its content, whatever it is called."""


@dataclass(frozen=True, slots=True)
class Page:
    """An HTML page as it was found."""

    content: bytes
    """Without the frame around it and without what changes by itself, UTF-8."""
    links: tuple[str, ...]
    canonical: str | None
    listed: bool
    """False where the page asks not to be."""


def parse_page(response: Response) -> Page:
    """The page in a response; raises `UnreadableError` for what is no text."""
    tree = LexborHTMLParser(_text(response))
    base = _joined(response.url, _attribute(tree.css_first("base[href]"), "href")) or response.url
    robots = {
        word.strip()
        for node in tree.css('meta[name="robots" i], meta[name="vocero" i]')
        for word in _attribute(node, "content").lower().split(",")
    } | {word.strip() for word in response.headers.get("x-robots-tag", "").lower().split(",")}
    links = () if robots & {"nofollow", "none"} else tuple(dict.fromkeys(_links(tree, base)))
    named = _attribute(tree.css_first('link[rel="canonical" i][href]'), "href")
    canonical = normal(_joined(base, named)) if named else None
    _drop_frame(tree)
    return Page(
        (tree.html or "").encode("utf-8", "replace"), links, canonical, not robots & {"noindex", "none"}
    )


def _text(response: Response) -> str:
    declared = re.search(r"charset=\"?([\w-]+)", response.headers.get("content-type", ""), re.IGNORECASE)
    if declared:
        try:
            return response.body.decode(declared[1])
        except (LookupError, UnicodeDecodeError):
            pass
    try:
        return decode(response.body, markup=True)[0]
    except UnreadableError:
        return ""


def _links(tree: LexborHTMLParser, base: str) -> Iterator[str]:
    for node in tree.css("a[href], area[href], link[rel=next][href]"):
        if "nofollow" in _attribute(node, "rel").lower().split():
            continue
        if address := normal(_joined(base, _attribute(node, "href").strip())):
            yield address


def _drop_frame(tree: LexborHTMLParser) -> None:
    """Takes out menus, banners and the like, unless most of the text stands in them."""
    for node in tree.css(_MACHINERY):
        node.decompose()
    body = tree.body
    if body is None:
        return
    enough = _MOST * len(words(body))
    frames = [node for node in tree.css("body [class], body [id]") if _is_frame(node)]
    frames += [node for node in tree.css("body > ul, body > div > ul") if is_all_links(node)]
    gone: set[int] = set()
    for node in frames:
        if _is_below(node, gone) or node.css_first("h1, main, article") is not None:
            continue
        if len(words(node)) <= enough:
            gone.add(node.mem_id)
    for node in [node for node in frames if node.mem_id in gone and not _is_below(node, gone)]:
        gone.discard(node.mem_id)
        node.decompose()


def _is_frame(node: LexborNode) -> bool:
    if node.tag in ("main", "article", "h1", "a", "td", "th", "tr", "table"):
        return False
    called = f"{_attribute(node, 'class')} {_attribute(node, 'id')}"
    if _CHROME.search(called):
        return len(words(node)) <= _LONGEST_CHROME
    if not _NAVIGATION.search(called):
        return False
    return sum(len(words(link)) for link in node.css("a")) >= _LINKS * len(words(node))


def _is_below(node: LexborNode, gone: set[int]) -> bool:
    above = node.parent
    while above is not None:
        if above.mem_id in gone:
            return True
        above = above.parent
    return False


def _attribute(node: LexborNode | None, name: str) -> str:
    return (node.attributes.get(name) or "") if node is not None else ""


def _joined(base: str, link: str) -> str:
    """Where a link leads; nowhere if it is none."""
    try:
        return urljoin(base, link)
    except ValueError:
        return ""


def normal(url: str) -> str | None:
    """One spelling for each address, without fragment and tracking; None for what is no page's."""
    try:
        parts = urlsplit(url.replace("\\", "/"))
        port = parts.port
    except ValueError:
        return None
    host = (parts.hostname or "").rstrip(".")
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        return None
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != _PORTS[parts.scheme]:
        host += f":{port}"
    path = quote(_escaped(parts.path), safe=_SAFE) or "/"
    query = parse_qsl(parts.query, keep_blank_values=True)
    kept = [(key, value) for key, value in query if not _TRACKING.fullmatch(key.lower())]
    return urlunsplit((parts.scheme, host, _without_dots(path), urlencode(kept), ""))


def _without_dots(path: str) -> str:
    """The path that `.` and `..` in it lead to."""
    kept: list[str] = []
    parts = path.removeprefix("/").split("/")
    for part in parts:
        if part == "..":
            del kept[-1:]
        elif part != ".":
            kept.append(part)
    ending = "/" if parts[-1] in (".", "..") and kept else ""
    return "/" + "/".join(kept) + ending


def _escaped(path: str) -> str:
    """The path with plain signs as they are, and every other escape in capitals."""

    def spelled(escape: re.Match[str]) -> str:
        sign = chr(int(escape[1], 16))
        return sign if sign.isascii() and (sign.isalnum() or sign in "-._~") else escape[0].upper()

    return re.sub(r"%([0-9a-fA-F]{2})", spelled, path)


def name_of(url: str, folder: str) -> str:
    """What a page is called: its path below the folder where the source begins, `/` for the folder itself."""
    parts, base = urlsplit(url), urlsplit(folder)
    path = parts.path.removeprefix(base.path) if parts.path.startswith(base.path) else parts.path
    path = re.sub(r"%(?=2F|3F|25)", "%25", path)  # what is a sign of an address stays escaped
    return (unquote(path) or "/") + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A list of pages, or of further lists."""

    pages: dict[str, datetime | None]
    """Addresses with when they changed last."""
    sitemaps: tuple[str, ...]


def parse_sitemap(response: Response) -> Sitemap | None:
    """The sitemap in a response, also a packed one or one in plain text; None when it is none."""
    body = response.body
    if body.startswith(b"\x1f\x8b"):
        try:
            body = zlib.decompressobj(wbits=31).decompress(body, _MAX_SITEMAP)
        except (zlib.error, gzip.BadGzipFile):
            return None
    text = body.decode("utf-8-sig", "replace")
    if "<urlset" not in text and "<sitemapindex" not in text:
        lines = text.split()
        if response.media_type != "text/plain" or not lines or not all(map(normal, lines)):
            return None
        return Sitemap({address: None for line in lines if (address := normal(line))}, ())
    # Read as leniently as HTML is: entities and documents elsewhere are nothing to it.
    tree = LexborHTMLParser(re.sub(r"<!\[CDATA\[(.*?)\]\]>", r"\1", text, flags=re.DOTALL))
    pages: dict[str, datetime | None] = {}
    for node in tree.css("url"):
        location = node.css_first("loc")
        address = normal(words(location)) if location is not None else None
        if address:
            pages[address] = moment(words(node.css_first("lastmod")))
    further = (normal(words(node)) for node in tree.css("sitemap > loc"))
    return Sitemap(pages, tuple(filter(None, further)))


def moment(text: str) -> datetime | None:
    """A date as sitemaps and services write it, in UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
