"""Markdown as documentation really holds it: front matter, directives, components, HTML between the lines."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.documents import Block, Document
from knowledge.reading.encoding import decode
from knowledge.reading.inline import References, heading, plain
from knowledge.reading.naming import Anchors, moment, titled
from knowledge.reading.plain import unwrap
from knowledge.reading.tables import clean_cell, table_blocks

_FRONT = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_DATES = "last_updated lastupdated updated lastmod modified actualizado date fecha ms.date".split()
_WANTED = re.compile(
    rf"^(?:title|titulo|título|{'|'.join(map(re.escape, _DATES))})[ \t]*:.*(?:\n[ \t]+.*)*",
    re.MULTILINE | re.IGNORECASE,
)
_FIELD = re.compile(r"^([\w.]+)[ \t]*:[ \t]*(.+)$", re.MULTILINE)
_COMPONENT = re.compile(r"[ \t]*</?[A-Z][\w.]*(?:\s[^<>]*)?/?>[ \t]*$")
_HAS_COMPONENT = re.compile(r"^[ \t]*</?[A-Z]", re.MULTILINE)
_FENCE = re.compile(r"[ \t]*(?:>[ \t]*)*(`{3,}|~{3,})")
_UNSEEN = re.compile(r"\s*<(?:script|style|template|svg)\b", re.IGNORECASE)
_STRUCTURED = re.compile(r"<(?:table|tr|td|ul|ol|li|dl|h[1-6]|pre)\b", re.IGNORECASE)
_HARD_BREAK = re.compile(r"(?:(?<! ) {2,}|\\)\n")


def read(content: bytes, title: str) -> Document:
    """The document in a Markdown file; `title` stands when neither front matter nor an H1 gives one."""
    text, note = decode(content)
    front, text = front_matter(text)
    blocks = tuple(_Reader().read(text))
    first = next((block.text for block in blocks if block.kind == "heading" and block.level == 1), "")
    stated = clean_title(front.get("title") or front.get("titulo") or front.get("título"))
    return Document(
        title=titled(stated or first, first) or title,
        blocks=blocks,
        as_of=_as_of(front),
        notes=(note,) if note else (),
    )


def front_matter(text: str) -> tuple[Mapping[str, Any], str]:
    """What front matter says of title and date, and the text below it."""
    found = _FRONT.match(text)
    if found is None or not (_FIELD.search(found[2]) or found[1] == "+++" or not found[2].strip()):
        return {}, text
    rest = text[found.end() :]
    if found[1] == "+++":
        try:
            return tomllib.loads(found[2]), rest
        except tomllib.TOMLDecodeError:
            return {}, rest
    # Only the lines that are wanted: the rest costs time, and its mistakes are not ours.
    lines = "\n".join(match[0] for match in _WANTED.finditer(found[2]))
    try:
        parsed = yaml.load(lines, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError):
        # `title: CA2236: Call base class methods` is no YAML, and everybody writes it.
        parsed = {key: value.strip("\"' ") for key, value in _FIELD.findall(lines)}
    return {str(key).lower(): value for key, value in (parsed or {}).items()}, rest


def clean_title(value: object) -> str:
    """A stated title without marks, on one line."""
    return " ".join(plain(value, code=False).split()) if isinstance(value, str) else ""


def _as_of(front: Mapping[str, Any]) -> Any:
    dates = (moment(front.get(key), month_first=key == "ms.date") for key in _DATES)
    return next(filter(None, dates), None)


@cache
def _parser() -> MarkdownIt:
    # What is nested deeper than the limit is left out, and twenty is soon reached by lists.
    return MarkdownIt("commonmark", {"maxNesting": 100}).enable("table").disable("inline")


def _without_components(text: str) -> str:
    """Lines that are only a component's tag left blank, so that what is inside is Markdown again."""
    lines = text.split("\n")
    fence = ""
    for index, line in enumerate(lines):
        if found := _FENCE.match(line):
            if not fence:
                fence = found[1]
            elif found[1].startswith(fence):
                fence = ""
        elif not fence and "<" in line and _COMPONENT.match(line):
            lines[index] = ""
    return "\n".join(lines)


_NO_TEXT, _WRITTEN = -1, -2


@dataclass(slots=True)
class _Item:
    marker: str
    indent: str
    line: int = _NO_TEXT
    """Index of its line in the list that is open."""


@dataclass(slots=True)
class _Reader:
    """Tokens of one text into blocks."""

    blocks: list[Block] = field(default_factory=list)
    anchors: Anchors = field(default_factory=Anchors)
    references: References = ()
    lists: list[int | None] = field(default_factory=list)
    """The lists that are open, each by the number of its next item; None where they have none."""
    items: list[_Item] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    def read(self, text: str) -> list[Block]:
        """The blocks of a text in reading order."""
        if _HAS_COMPONENT.search(text):
            text = _without_components(text)
        env: dict[str, Any] = {}
        tokens = _parser().parse(text, env)
        self.references = env.get("references", {})
        for index, token in enumerate(tokens):
            if token.type == "inline":
                self._inline(tokens[index - 1], token)
            else:
                self._structure(token)
        self._end_list()
        return self.blocks

    def _structure(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open" | "ordered_list_open":
                self.lists.append(None if token.type[0] == "b" else int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self.lists.pop()
                if not self.lists:
                    self._end_list()
            case "list_item_open":
                number = self.lists[-1]
                marker = "-" if number is None else f"{number}{token.markup}"
                self.lists[-1] = None if number is None else number + 1
                self.items.append(_Item(marker, "  " * (len(self.lists) - 1)))
            case "list_item_close":
                self.items.pop()
            case "tr_open":
                self.rows.append([])
            case "table_close":
                self._end_list()
                self.blocks += table_blocks(self.rows if any(self.rows[0]) else self.rows[1:])
                self.rows = []
            case "fence" | "code_block":
                self._add("code", token.content.strip("\n").rstrip())
            case "html_block":
                self._html(token.content)

    def _inline(self, opener: Token, token: Token) -> None:
        if opener.type == "heading_open":
            words, named = heading(token.content, self.references)
            if words:
                self._end_list()
                anchor = self.anchors.of(words, named)
                self.blocks.append(Block("heading", words, int(opener.tag[1]), anchor=anchor))
        elif opener.type in ("th_open", "td_open"):
            self.rows[-1].append(clean_cell(plain(token.content, self.references)))
        else:
            self._paragraph(token.content)

    def _paragraph(self, content: str) -> None:
        if self.items:
            self._item(" ".join(plain(content, self.references).split()))
            return
        parts = (plain(part, self.references) for part in _HARD_BREAK.split(content))
        self._add("paragraph", "\n".join(unwrap(part.split("\n")) for part in parts if part))

    def _item(self, text: str) -> None:
        """A paragraph of a list item: on the item's line, or on its own after what came between."""
        item = self.items[-1]
        if not text:
            return
        if item.line == _NO_TEXT:
            item.line = len(self.lines)
            self.lines.append(f"{item.indent}{item.marker} {text}")
        elif item.line == len(self.lines) - 1:
            self.lines[-1] += " " + text
        elif self.lines:
            self.lines.append(f"{item.indent}  {text}")
        else:
            self.blocks.append(Block("paragraph", text))

    def _end_list(self) -> None:
        if self.lines:
            self.blocks.append(Block("list", "\n".join(self.lines)))
            self.lines = []
            # What follows inside the same item stands on its own.
            for item in self.items:
                if item.line >= 0:
                    item.line = _WRITTEN

    def _add(self, kind: Any, text: str) -> None:
        if text:
            self._end_list()
            self.blocks.append(Block(kind, text))

    def _html(self, content: str) -> None:
        if _UNSEEN.match(content):
            return
        if _STRUCTURED.search(content):
            from knowledge.reading.hypertext import fragment

            self._end_list()
            self.blocks.extend(fragment(content, self.anchors))
        else:
            self._paragraph(content)
