"""HTML pages: the main content, without navigation, scripts and frames."""

from selectolax.lexbor import LexborHTMLParser, LexborNode

from knowledge.documents import Block, Document
from knowledge.reading.encoding import decode
from knowledge.reading.markup import Walker, is_all_links, words
from knowledge.reading.naming import Anchors, moment, titled

_DROPPED = (
    "script, style, noscript, template, svg, math, iframe, object, canvas, link, meta, nav, select, "
    "dialog, [hidden], [aria-hidden=true], [role=navigation], [role=search], [role=complementary], "
    "[role=banner], [role=contentinfo]"
)
_DATES = ("article:modified_time", "og:updated_time", "last-modified", "dcterms.modified", "date", "dc.date")


def read(content: bytes, title: str) -> Document:
    """The document in an HTML page."""
    text, note = decode(content, markup=True)
    tree = LexborHTMLParser(text)
    stated = words(tree.css_first("head > title")) or _meta(tree, "og:title")
    dates = (moment(_meta(tree, name)) for name in _DATES)
    as_of = next(filter(None, dates), None)
    _drop_unread(tree)
    main = _main(tree)
    if main is not None:
        _drop_link_bars(main)
    blocks = Walker(Anchors()).walk(main) if main is not None else []
    first = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), "")
    return Document(titled(stated or first, first) or title, tuple(blocks), as_of, (note,) if note else ())


def fragment(markup: str, anchors: Anchors) -> list[Block]:
    """The blocks of a piece of HTML that stands in another format."""
    tree = LexborHTMLParser(markup)
    _drop_unread(tree)
    return Walker(anchors).walk(tree.body) if tree.body is not None else []


def _drop_unread(tree: LexborHTMLParser) -> None:
    """Takes away what is no text of the page."""
    opened = {node.attributes.get("aria-controls") for node in tree.css("[aria-controls]")}
    # What a button unfolds is hidden, but meant to be read.
    nodes = [node for node in tree.css(_DROPPED) if node.id is None or node.id not in opened]
    found = {node.mem_id for node in nodes}
    # What is inside another goes with it, and must not be touched after.
    for node in [node for node in nodes if not _is_within(node, found)]:
        node.decompose()


def _is_within(node: LexborNode, found: set[int]) -> bool:
    above = node.parent
    while above is not None:
        if above.mem_id in found:
            return True
        above = above.parent
    return False


def _drop_link_bars(main: LexborNode) -> None:
    """Takes away what stands above the page's first heading and is nothing but links."""
    heading = main.css_first("h1")
    while heading is not None and heading != main:
        sibling = heading.prev
        while sibling is not None:
            before = sibling.prev
            if sibling.is_element_node and is_all_links(sibling):
                sibling.decompose()
            sibling = before
        heading = heading.parent


def _meta(tree: LexborHTMLParser, name: str) -> str:
    for attribute in ("property", "name", "http-equiv", "itemprop"):
        node = tree.css_first(f'meta[{attribute}="{name}" i]')
        if node is not None:
            return (node.attributes.get("content") or "").strip()
    return ""


def _main(tree: LexborHTMLParser) -> LexborNode | None:
    """What the page is about: `main`, or a lone `article`, when most of the text is there."""
    body = tree.body
    if body is None:
        return None
    candidates = tree.css("main, [role=main]") or tree.css("article")
    if len(candidates) == 1 and len(words(candidates[0])) > 0.4 * len(words(body)):
        return candidates[0]
    return body
