"""Markdown's inline marks into plain readable text.

markdown-it's own inline parser costs more than all the rest of reading (10 of 18 CPU seconds over 35 MB), so
only its blocks are used and the marks are taken off here. Code spans keep their backticks: they protect `<T>`
and `*` in chat, too.
"""

import re
from collections.abc import Container
from html import unescape
from urllib.parse import unquote

_HTML = frozenset(
    """a abbr acronym address area article aside audio b base bdi bdo big blockquote body br button canvas
    caption center cite code col colgroup data datalist dd del details dfn dialog dir div dl dt em embed
    fieldset figcaption figure font footer form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i
    iframe img input ins kbd label legend li link main map mark menu meta meter nav noscript object ol
    optgroup option output p param picture pre progress q rp rt ruby s samp script section select small source
    span strike strong style sub summary sup svg table tbody td template textarea tfoot th thead time title tr
    track tt u ul var video wbr path""".split()
)
_SPECIAL = re.compile(r"[`*_<&\\\[{^]|:::|^[ \t]*(?:im|ex)port\s", re.MULTILINE)
_LINES = re.compile(
    r"""^[ \t>]*:::[ \t]*(?:image\b[^\n]*?\balt-text="(?P<alt>[^"\n]*)"[^\n]*
        |(?:note|tip|info|warning|danger|caution|important|details)\b[ \t]*\[?(?P<label>[^\n\]{}:]*)[^\n]*
        |[^\n]*)$
    |^[ \t>]*\[!(?:NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?:\n|$)?
    |^[ \t>]*\[!(?:div|VIDEO|code-)[^\n]{0,300}?\](?:\([^)\n]*\))?[ \t]*(?:\n|$)
    |^[ \t]*\[!(?i:include)[ \t]*\[[^\]\n]{0,200}\]\([^)\n]*\)\][ \t]*$
    |^[ \t]*(?:import\s[\w{}*,$\s]{1,300}?\sfrom\s*|import\s*)["'][^"'\n]+["'];?[ \t]*$
    |^[ \t]*export\s+(?:default|const|function)\b[^\n]*$
    |^[ \t]*\{:[^}\n]*\}[ \t]*$
    |^[ \t]*\[\^[^\]\n]+\]:""",
    re.MULTILINE | re.VERBOSE | re.IGNORECASE,
)
_LINE_HINT = re.compile(r":::|\[!|\[\^|^[ \t]*(?:import|export|\{:)", re.MULTILINE)
# What stands as it is whatever surrounds it, in one pass from the left: escapes, code, angle brackets.
_LITERAL = re.compile(
    r"""\\(?P<escaped>[!-/:-@\[-`{-~])
    |(?P<ticks>`+)(?!`)(?P<code>.{1,2000}?)(?<!`)(?P=ticks)(?!`)
    |<!--.*?(?:-->|$)|\{/\*.{0,500}?\*/\}|\{%[^\n]{0,300}?%\}|\{\{[<%][^\n]{0,300}?[>%]\}\}
    |<(?P<link>(?:https?|ftp|mailto|xref|tel):[^\s<>]*|[\w.+-]+@[\w-]+(?:\.[\w-]+)+)>
    |(?P<tag></?(?P<name>[A-Za-z][\w.:-]*)(?P<attributes>(?:\s(?:[^<>"'`{]|"[^"]*"|'[^']*'|\{[^{}]*\})*|/)?)>)""",
    re.VERBOSE | re.DOTALL,
)
_IMAGE = re.compile(r"!\[([^\[\]]*)\]\((?:[^()\n]|\([^()\n]*\))*\)")
_LINK = re.compile(
    r"\[((?:[^\[\]]|\[[^\[\]]*\])*)\]\(\s*(?:<[^>\n]*>|(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)"
)
_INCLUDE = re.compile(r"\[!(?:include|INCLUDE|Include)[ \t]*\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)\]")
_REFERENCE = re.compile(r"(!?)\[((?:[^\[\]]|\[[^\[\]]*\])+)\](?: ?\[([^\[\]]*)\])?")
_FOOTNOTE = re.compile(r"\[\^[^\]\s]{1,80}\]")
# Innermost first, so that a mark is looked for no further than the next one.
_STARRED = re.compile(r"(?<!\*)(\*{1,3})(?=[^\s*])((?:[^*]|(?<=\s)\*(?=\s))+)(?<=[^\s*])\1(?!\*)")
_UNDERLINED = re.compile(
    r"(?<![\w_])(_{1,3})(?=[^\s_])((?:[^_]|(?<=[^\W_])_(?=[^\W_]))+)(?<=[^\s_])\1(?![\w_])"
)
_DEEPEST_MARKS = 3
_ANCHOR = re.compile(r"""\s*(?:\{#([\w:.-]+)[^}]*\}|\{/\*\s*([\w:.-]*)\s*\*/\})\s*$""")
_NAMED = re.compile(r"""<a\s[^>]*?\b(?:name|id)\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)
_KEPT = re.compile("\ue000(\\d+)\ue001")
_BLANKS = re.compile(r"[ \t]{2,}|[ \t]+(?=\n)|(?<=\n)[ \t]+")
_BLANK_LINES = re.compile(r"\n{2,}")

References = Container[str]


def plain(text: str, references: References = (), *, code: bool = True) -> str:
    """The text without marks: links and images reduced to their words, HTML and directives dropped.

    `references` are the labels that link definitions of the document give, in markdown-it's normal form;
    `code` keeps the backticks of code spans.
    """
    if not _SPECIAL.search(text):
        return text.strip()
    if _LINE_HINT.search(text):
        text = _LINES.sub(_directive, text)
    kept: list[str] = []

    def literal(match: re.Match[str]) -> str:
        word = _literal(match, code)
        if not word or word.isalnum() or word == "\n":
            return word
        kept.append(word)
        return f"\ue000{len(kept) - 1}\ue001"

    text = _LITERAL.sub(literal, text.replace("\ue000", "") if "\ue000" in text else text)
    if "[" in text:
        text = _links(text, references)
    for mark, marked in (("*", _STARRED), ("_", _UNDERLINED)):
        for _ in range(_DEEPEST_MARKS if mark in text else 0):
            text, found = marked.subn(r"\2", text)
            if not found:
                break
    if "&" in text:
        text = unescape(text)
    if kept:
        text = _KEPT.sub(lambda match: kept[int(match[1])], text)
    return _BLANK_LINES.sub("\n", _BLANKS.sub(lambda match: " " if match[0][0] == " " else "", text)).strip()


def heading(text: str, references: References = ()) -> tuple[str, str]:
    """A heading's words and the anchor it names itself, or an empty one."""
    anchor = ""
    if found := _ANCHOR.search(text):
        anchor = found[1] or found[2] or ""
        text = text[: found.start()]
    elif named := _NAMED.search(text):
        anchor = named[1]
    return " ".join(plain(text, references, code=False).split()), anchor


def _directive(match: re.Match[str]) -> str:
    return (match["alt"] or match["label"] or "").strip()


def _literal(match: re.Match[str], code: bool) -> str:
    """What stands for an escape, a code span or an angle bracket, whatever is around it."""
    if (escaped := match["escaped"]) is not None:
        return str(escaped)
    if (span := match["code"]) is not None:
        span = " ".join(span.split())
        return f"`{span}`" if code and "`" not in span else span
    if (link := match["link"]) is not None:
        return _address(link)
    return _tag(match) if match["tag"] is not None else ""


def _address(link: str) -> str:
    """What an autolink shows: the address, or of a cross reference the name it stands for."""
    scheme, _, rest = link.partition(":")
    if scheme == "xref":
        return unquote(rest.partition("?")[0]).rstrip("*")
    return rest if scheme in ("mailto", "tel") else link


def _tag(match: re.Match[str]) -> str:
    """Nothing for an HTML tag or a component, the written sign itself for `<your name>` and `List<T>`."""
    name, attributes = match["name"], match["attributes"]
    if name.lower() in _HTML:
        return "\n" if name.lower() == "br" else ""
    before = match.string[match.start() - 1 : match.start()]
    component = name[0].isupper() and len(name) > 1 and not (before.isalnum() or before == "_")
    return "" if component or "=" in attributes or attributes == "/" else str(match["tag"])


def _links(text: str, references: References) -> str:
    if "[!" in text:
        text = _INCLUDE.sub(r"\1", text)
    if "](" in text:
        if "![" in text:
            text = _IMAGE.sub(r"\1", text)
        text = _LINK.sub(r"\1", text)
    if "[^" in text:
        text = _FOOTNOTE.sub("", text)
    if references and "[" in text:
        text = _REFERENCE.sub(lambda match: _reference(match, references), text)
    return text


def _reference(match: re.Match[str], references: References) -> str:
    label = match[3] or match[2]
    return match[2] if " ".join(label.split()).upper() in references else match[0]
