"""Markdown as documentation really holds it: front matter, directives, components, HTML between the lines."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, Final, cast

import yaml
from pyromark import Options, events, events_with_range

from knowledge.documents import Block, Document
from knowledge.reading.encoding import decode
from knowledge.reading.inline import (
    LINE,
    LINK,
    address,
    cleaned,
    heading,
    is_html,
    named,
    tag,
    untagged,
    without_code,
)
from knowledge.reading.naming import Anchors, moment, titled
from knowledge.reading.plain import unwrap
from knowledge.reading.tables import table_blocks

_FRONT = re.compile(r"\s*(---|\+\+\+)[ \t]*\n(.*?)\n(?:\1|\.\.\.)[ \t]*(?:\n|$)", re.DOTALL)
_DATES = "last_updated lastupdated updated lastmod modified actualizado date fecha ms.date".split()
_WANTED = re.compile(
    rf"^(?:title|titulo|título|{'|'.join(map(re.escape, _DATES))})[ \t]*:.*(?:\n[ \t]+.*)*",
    re.MULTILINE | re.IGNORECASE,
)
_FIELD = re.compile(r"^([\w.]+)[ \t]*:[ \t]*(.+)$", re.MULTILINE)
_NESTING = re.compile(r"[\[{]|[-?][ \t]|\n[ \t]+\S+:")
_DEEPEST = 100
_COMPONENT = re.compile(r"[ \t]*</?[A-Z][\w.]*(?:\s[^<>]*)?/?>[ \t]*$")
_HAS_COMPONENT = re.compile(r"</?[A-Z]")
_FENCE = re.compile(r"[ \t]*(?:>[ \t]*)*(`{3,}(?!.*`)|~{3,})")
_UNSEEN = re.compile(r"\s*<(?:script|style|template|svg)\b", re.IGNORECASE)
_PARENTHESIS = re.compile(r"\n[ \t>*+-]*\d{1,9}\)\s")
_NUMBER = re.compile(rb"[ \t]*\d+([.)])")
_BLANKS = re.compile(r"[ \t]{2,}")

_OPTIONS: Final = Options.ENABLE_TABLES | Options.ENABLE_FOOTNOTES
_MOST_UNCLOSED = 10_000
_BOUNDS = frozenset({"Start", "End"})
# Within a line, they change nothing of its text.
_MARKS = frozenset({"Emphasis", "Strong", "Link", "Image"})


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
        if len(_NESTING.findall(lines)) > _DEEPEST:
            raise ValueError("it is nested too deeply")  # the C parser would take the process down
        parsed = yaml.load(lines, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, ValueError):
        # `title: CA2236: Call base class methods` is no YAML, and everybody writes it.
        parsed = {key: value.strip("\"' ") for key, value in _FIELD.findall(lines)}
    return {str(key).lower(): value for key, value in (parsed or {}).items()}, rest


def clean_title(value: object) -> str:
    """A stated title without marks, on one line."""
    if not isinstance(value, str):
        return ""
    # YAML can spell half a character, which is no text.
    line = " ".join(value.encode("utf-16", "surrogatepass").decode("utf-16", "replace").split())
    return "".join(block.text for block in _Reader().read(f"# {line} #"))


def _as_of(front: Mapping[str, Any]) -> Any:
    dates = (moment(front.get(key), month_first=key == "ms.date") for key in _DATES)
    return next(filter(None, dates), None)


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


def _delimiters(text: str) -> Iterator[str]:
    """What stands behind the numbers of each numbered list, in order: the events do not tell it."""
    source = text.encode()
    for event, where in events_with_range(text, options=_OPTIONS):
        match event:
            case {"Start": {"List": int()}}:
                found = _NUMBER.match(source, where["start"])
                yield found[1].decode() if found else "."


_NO_TEXT, _WRITTEN = -1, -2


@dataclass(slots=True)
class _List:
    number: int | None
    """Of its next item; None where they have none."""
    delimiter: str

    def marker(self) -> str:
        """That of the next item."""
        if self.number is None:
            return "-"
        self.number += 1
        return f"{self.number - 1}{self.delimiter}"


@dataclass(slots=True)
class _Item:
    marker: str
    level: int
    line: int = _NO_TEXT
    """Index of its line in the list that is open."""


@dataclass(slots=True)
class _Reader:
    """Events of one text into blocks."""

    blocks: list[Block] = field(default_factory=list)
    anchors: Anchors = field(default_factory=Anchors)
    delimiters: Iterator[str] = field(default_factory=lambda: repeat("."))
    parts: list[str] = field(default_factory=list)
    """Text that no block has yet."""
    named: str = ""
    """The anchor that the first tag of a heading sets."""
    lists: list[_List] = field(default_factory=list)
    items: list[_Item] = field(default_factory=list)
    """The lists and items that are open, outermost first."""
    lines: list[list[str]] = field(default_factory=list)
    """Those of the list that is open, in parts."""
    rows: list[list[str]] = field(default_factory=list)

    def read(self, text: str) -> list[Block]:
        """The blocks of a text in reading order."""
        if _HAS_COMPONENT.search(text):
            text = _without_components(text)
        if _PARENTHESIS.search(f"\n{text}"):
            self.delimiters = _delimiters(text)
        stream = cast("Iterator[Any]", events(text, options=_OPTIONS))
        say = self.parts.append
        for event in stream:
            if event.__class__ is str:
                self._break(event)
                continue
            kind, value = event.popitem()
            if kind == "Text":
                say(value)
            elif kind in _BOUNDS:
                name, data = (value, None) if value.__class__ is str else value.popitem()
                if name not in _MARKS:
                    (self._start if kind == "Start" else self._end)(name, data)
                elif data:
                    self._link(data, stream)
            elif kind == "Code":
                say(value if "`" in value else f"`{value.strip() or value}`")
            elif kind == "InlineHtml":
                self._tag(value)
            elif kind == "Html":
                say(value)
        self._end_list()
        return self.blocks

    def _break(self, event: str) -> None:
        if event == "Rule":
            self._end_text()
        else:
            self.parts.append("\n" if event == "SoftBreak" else LINE)

    def _tag(self, raw: str) -> None:
        self.named = self.named or named(raw)
        if kept := tag(raw, self.parts[-1] if self.parts else ""):
            self.parts.append(kept)

    def _link(self, data: Mapping[str, str], stream: Iterator[Any]) -> None:
        if data["link_type"] == "Autolink":
            next(stream)
            self.parts.append(address(data["dest_url"]))
        elif self.parts and "[!" in self.parts[-1]:
            self.parts.append(LINK)

    def _start(self, name: str, data: Any) -> None:
        self._end_text()
        match name:
            case "List":
                self.lists.append(_List(data, "" if data is None else next(self.delimiters)))
            case "Item":
                self.items.append(_Item(self.lists[-1].marker(), len(self.lists) - 1))
            case "TableHead" | "TableRow":
                self.rows.append([])
            case "Heading":
                self.named = ""

    def _end(self, name: str, data: Any) -> None:
        match name:
            case "TableCell":
                self.rows[-1].append(" ".join(cleaned(self._taken()).split()))
            case "Heading":
                self._heading(int(data[1]))
            case "CodeBlock":
                self._add("code", self._taken().strip("\n").rstrip())
            case "HtmlBlock":
                self._html(self._taken())
            case "Table":
                self._end_list()
                self.blocks += table_blocks(self.rows if any(self.rows[0]) else self.rows[1:])
                self.rows = []
            case _:
                self._end_text()
                if name == "Item":
                    self.items.pop()
                elif name == "List":
                    self.lists.pop()
                    if not self.lists:
                        self._end_list()

    def _taken(self) -> str:
        text = "".join(self.parts)
        self.parts.clear()
        return text

    def _end_text(self) -> None:
        if self.parts:
            self._say(cleaned(self._taken()))

    def _heading(self, level: int) -> None:
        text, anchor = heading(self._taken())
        words = " ".join(without_code(cleaned(text)).split())
        if words:
            self._end_list()
            anchor = self.anchors.of(words, anchor or self.named)
            self.blocks.append(Block("heading", words, level, anchor=anchor))

    def _say(self, text: str) -> None:
        """A paragraph, of an item or alone."""
        if self.items:
            self._item(" ".join(text.split()))
            return
        if "  " in text or "\t" in text:
            text = _BLANKS.sub(" ", text)
        if "\n" in text or LINE in text:
            parts = ([line for line in part.split("\n") if line.strip()] for part in text.split(LINE))
            text = "\n".join(unwrap(lines) for lines in parts if lines)
        self._add("paragraph", text.strip())

    def _item(self, text: str) -> None:
        """A paragraph of a list item: on the item's line, or on its own after what came between."""
        item = self.items[-1]
        if not text:
            return
        if item.line == _NO_TEXT:
            item.line = len(self.lines)
            self.lines.append(["  " * item.level + item.marker, text])
        elif item.line == len(self.lines) - 1:
            self.lines[-1].append(text)
        elif self.lines:
            self.lines.append(["  " * item.level + " ", text])
        else:
            self.blocks.append(Block("paragraph", text))

    def _end_list(self) -> None:
        if self.lines:
            self.blocks.append(Block("list", "\n".join(map(" ".join, self.lines))))
            self.lines = []
            # What follows inside the same item stands on its own.
            for item in self.items:
                if item.line >= 0:
                    item.line = _WRITTEN

    def _add(self, kind: Any, text: str) -> None:
        if text:
            self._end_list()
            self.blocks.append(Block(kind, text))

    def _html(self, markup: str) -> None:
        if _UNSEEN.match(markup):
            return
        # A parser of HTML takes quadratic time over tags that are never closed.
        if not is_html(markup) or markup.count("<") - 2 * markup.count("</") > _MOST_UNCLOSED:
            self._say(untagged(markup))
            return
        from knowledge.reading.hypertext import fragment

        for block in fragment(markup, self.anchors):
            if block.kind == "paragraph":
                self._say(block.text)
            else:
                self._end_list()
                self.blocks.append(block)
