"""What stands in the text of Markdown and CommonMark does not know: directives, components, shortcodes.

The parser has taken off links, emphasis, escapes and entities before. Code spans are between backticks, and
nothing in them is touched.
"""

import re
from urllib.parse import unquote

LINE, LINK = "\x1e", "\x1d"
"""Marks in the text handed over: a hard break, a link inside brackets. Decoding leaves none in a document."""

_HTML = frozenset(
    """a abbr acronym address area article aside audio b base bdi bdo big blockquote body br button canvas
    caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
    fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i
    iframe img input ins kbd label legend li link main map mark menu meta meter nav noscript object ol
    optgroup option output p param picture pre progress q rp rt ruby s samp script section select small source
    span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr
    track tt u ul var video wbr path""".split()
)
_NAME = re.compile(r"\s*</?([A-Za-z][\w.:-]*)")
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_NAMED = re.compile(r"""<a\s[^>]*?\b(?:name|id)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
# Every branch begins with a sign of its own, by which the search skips what lies between: ten times faster
# than a line's start, which is looked for behind the sign.
_UNKNOWN = re.compile(
    r"""`[^`]+`
    |:(?<![^\n\x1e]:)::[ \t]*(?i:note|tip|info|warning|danger|caution|important|details)\b[ \t]*
        \[?(?P<label>[^\n\x1e\]{}:]*)[^\n\x1e]*
    |:::[ \t]*image\b(?P<image>[^\n]{0,2000}?):::
    |:(?<![^\n\x1e]:)::[^\n\x1e]*
    |\[(?<![^\n\x1e]\[)!(?i:note|tip|important|warning|caution)\][ \t]*(?:[\n\x1e]|$)?
    |\[(?<![^\n\x1e]\[)!(?i:div|video|code-|include[ \t]*\x1d)[^\]\n]{0,300}\](?:\([^)\n]*\))?
        [ \t]*(?:[\n\x1e]|$)
    |\[!(?i:include)[ \t]*\x1d(?P<included>[^\]\n\x1d]{0,200})\]
    |!?\[(?P<words>[^\[\]\n]{0,300})\]\((?=[^()\n]{0,300}[ ])[^()\n]{0,600}\)
    |!?\[\^[^\]\s]{1,80}\]
    |\{(?<![^\n\x1e]\{):[^}\n]*\}(?=[\n\x1e]|$)
    |\{/\*?.{0,500}?/\}
    |\{%[^\n]{0,300}?%\}
    |\{\{[<%][^\n]{0,300}?[>%]\}\}""",
    re.VERBOSE | re.DOTALL,
)
_ALTERNATIVE = re.compile(r'\balt-text="(.*?)"(?=\s+[\w-]+=|\s*$)')
_STATEMENT = re.compile(
    r"""^(?:import\s(?:[\w{}*,$\s]{1,300}?\sfrom\s*)?["'][^"'\n]+["'];?
    |export\s+(?:default|const|function)\b[^\n]*)$""",
    re.MULTILINE | re.VERBOSE,
)
_ANCHOR = re.compile(r"\{(?:#([\w:.-]+)[^{}]*|/\*?\s*([\w:.-]*)\s*\*?/)\}\s*$")
_CODE = re.compile(r"`([^`]+)`")


def cleaned(text: str) -> str:
    """The text without what only tools read, which leave of it a label, an alternative text or a title."""
    if text.startswith(("import ", "export ")):
        text = _STATEMENT.sub("", text)
    if "[" in text or "{" in text or ":::" in text:
        text = _UNKNOWN.sub(_left, text).replace(LINK, "")
    return text


def _left(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind is None:
        return match[0] if match[0][0] == "`" else ""
    if kind == "image":
        alternative = _ALTERNATIVE.search(match[kind])
        return alternative[1] if alternative else ""
    return match[kind].strip()


def heading(text: str) -> tuple[str, str]:
    """A heading's words and the anchor it names itself behind them, or an empty one."""
    anchor = ""
    if text.endswith("}") and (found := _ANCHOR.search(text)):
        anchor = found[1] or found[2] or ""
        text = text[: found.start()]
    return text, anchor


def tag(raw: str, before: str) -> str:
    """Nothing for an HTML tag or a component, the sign itself for `<your name>` and `List<T>`."""
    found = _NAME.match(raw)
    if found is None or before.endswith("{{"):
        return "" if raw.startswith("<!--") else raw
    name = found[1]
    if name.lower() in _HTML:
        return LINE if name.lower() == "br" else ""
    component = name[0].isupper() and len(name) > 1 and not (before[-1:].isalnum() or before[-1:] == "_")
    return "" if component or "=" in raw or raw.endswith("/>") else raw


def untagged(markup: str) -> str:
    """The text of markup that is none of HTML."""
    return _TAG.sub(lambda match: tag(match[0], markup[max(0, match.start() - 2) : match.start()]), markup)


def without_code(text: str) -> str:
    """The text with what is in its code spans, but not their backticks."""
    return _CODE.sub(r"\1", text) if "`" in text else text


def is_html(markup: str) -> bool:
    """Whether a block of markup begins with a tag of HTML or a comment, not with `<your name>`."""
    found = _NAME.match(markup)
    return found is None or found[1].lower() in _HTML


def named(raw: str) -> str:
    """The anchor that `<a name="x">` or `<a id="x">` sets, or an empty one."""
    found = _NAMED.match(raw)
    return found[1] if found else ""


def address(link: str) -> str:
    """What an autolink shows: the address, or of a cross reference the name it stands for."""
    scheme, _, rest = link.partition(":")
    if scheme == "xref":
        return unquote(rest.partition("?")[0]).rstrip("*")
    return rest if scheme in ("mailto", "tel") else link
