"""An answer as Discord shows it: short messages, tables as aligned text, numbered sources below."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from bot.messages import Citation
from bot.phrases import Phrases
from connectors.splitting import split

LIMIT = 2_000
SHORTER = 900
"""Where Discord counts a text as longer than it is here (signs outside the basic plane)."""
NOTHING = "…"

_TITLE, _PLACE, _ADDRESS = 200, 300, 600
_WIDTH = 64
"""Columns of a table that a code block shows without breaking its lines."""
_JOINER = "\N{WORD JOINER}"
_MENTION = re.compile(r"@(?=everyone\b|here\b)|(?<=<@)(?=[!&]?\d)", re.IGNORECASE)
_MARKS = re.compile(r"([\\*_~|`\[\]()<>])")
_FENCE = re.compile(r"^\s*(?:`{3,}|~{3,})")
_RULE = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_DEEP_HEADING = re.compile(r"^#{4,6} ")
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\(([^)\s]+)[^)\n]*\)")


def defused(text: str) -> str:
    """The text, unable to notify anyone: an invisible sign parts what Discord would read as a mention."""
    return _MENTION.sub(lambda found: f"{found[0]}{_JOINER}", text)


def draft(text: str) -> str:
    """An answer that is still being written: as much of it as fits one message."""
    pieces = split(defused("\n".join(_shown(text))), LIMIT)
    return pieces[0] if pieces else ""


def messages(text: str, citations: Iterable[Citation], phrases: Phrases, limit: int = LIMIT) -> list[str]:
    """The whole answer, in as many messages as it takes, with its sources at the end."""
    whole = "\n".join([*_shown(text), *_sources(citations, phrases)])
    return split(defused(whole), limit) or [NOTHING]


def _sources(citations: Iterable[Citation], phrases: Phrases) -> Iterator[str]:
    """`-# [1] [Vacaciones](<https://…>), Argentina · al 3 de marzo de 2026`, one line each."""
    for at, citation in enumerate(citations):
        if at == 0:
            yield from ("", f"**{phrases.render('sources_header')}**")
        title = _escaped(_short(citation.title or citation.document, _TITLE))
        if (url := _address(citation.url)) is not None:
            title = f"[{title}](<{url}>)"
        place = _escaped(_short(citation.location, _PLACE))
        line = phrases.render("source_line", title=title, location=place) if place else title
        dated = f" · {phrases.render('as_of', date=citation.as_of)}" if citation.as_of else ""
        yield f"-# [{citation.number}] {line}{dated}"


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\1", text)


def _address(url: str | None) -> str | None:
    """A web address fit for `(<…>)`; None for one that a click leads nowhere."""
    if not url or not url.startswith(("https://", "http://")):
        return None
    url = quote(url, safe="%/:?#@!$&'*+,;=~-._")
    return url if len(url) <= _ADDRESS else None


def _short(text: str, limit: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _shown(text: str) -> Iterator[str]:
    """The lines, with what Discord's Markdown lacks (tables, images, deep headings) put in what it has."""
    lines, fenced = text.splitlines(), False
    while lines:
        line = lines.pop(0)
        if _FENCE.match(line):
            fenced = not fenced
        if fenced or _FENCE.match(line):
            yield line
        elif "|" in line and lines and "|" in lines[0] and _RULE.match(lines[0]):
            table = [line]
            del lines[0]
            while lines and "|" in lines[0]:
                table.append(lines.pop(0))
            yield from _table([_cells(row) for row in table])
        else:
            yield _DEEP_HEADING.sub("### ", _IMAGE.sub(r"[\1](<\2>)", line))


def _cells(row: str) -> list[str]:
    inner = re.sub(r"^\s*\||(?<!\\)\|\s*$", "", row)
    return [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def _table(rows: list[list[str]]) -> Iterator[str]:
    """Aligned in a code block; a wide one as a list, each cell with its column's name."""
    columns = max(map(len, rows))
    rows = [row + [""] * (columns - len(row)) for row in rows]
    widths = [max(len(row[at]) for row in rows) for at in range(columns)]
    code = any("```" in cell for row in rows for cell in row)
    if sum(widths) + 2 * (columns - 1) <= _WIDTH and not code:
        yield "```"
        for row in (rows[0], ["-" * width for width in widths], *rows[1:]):
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        yield "```"
        return
    for row in rows[1:]:
        named = [
            f"**{name}**: {cell}" if name else cell for name, cell in zip(rows[0], row, strict=True) if cell
        ]
        yield f"- {' · '.join(named)}"
