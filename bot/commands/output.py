"""What commands print: JSON for machines, tables for people."""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from bot.doctor import Check
    from bot.messages import Answer


Write = Callable[[object], None]
Tell = Callable[[str, int, int | None], None]
"""Of what, how many are done, of how many."""


@contextlib.contextmanager
def output(as_json: bool) -> Iterator[Write | None]:
    """With `--json`, yields what writes one value a line; whatever else is printed goes to standard error.

    Without it, yields None: the caller prints for people.
    """
    if not as_json:
        yield None
        return
    out = sys.stdout
    if isinstance(out, TextIOWrapper):
        out.reconfigure(encoding="utf-8")  # JSON is, whatever the terminal's language

    def write(value: object) -> None:
        out.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
        out.flush()

    with contextlib.redirect_stdout(sys.stderr):
        yield write


def answer_json(answer: "Answer") -> dict[str, Any]:
    """The answer as `ask --json` prints it."""
    value = answer.model_dump(mode="json", by_alias=True, exclude={"type"})
    if value["data"] is None:
        del value["data"]
    return value


def console() -> "Console":
    """Standard output for people."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def show_answer(out: "Console", answer: "Answer") -> None:
    """The text, then what it cites by number."""
    from rich.markdown import Markdown

    out.print(Markdown(answer.text) if out.is_terminal else answer.text, markup=False)
    if answer.citations:
        out.print()
    for cited in answer.citations:
        where = " › ".join(filter(None, (cited.title, cited.location)))
        date = f" ({cited.as_of:%Y-%m-%d})" if cited.as_of else ""
        out.print(f"[{cited.number}] {where}{date}: {cited.url or cited.document}", markup=False, style="dim")


def show_hits(out: "Console", hits: Sequence[Mapping[str, Any]]) -> None:
    """What a search found, best first."""
    if not hits:
        out.print("Nothing found.")
    for number, hit in enumerate(hits, 1):
        heading = f" › {hit['heading']}" if hit.get("heading") not in (None, "", hit.get("title")) else ""
        out.print(f"{number}. {hit['title']}{heading}", markup=False, style="bold")
        out.print(f"   {hit['document']}  {hit['score']:.3f}", markup=False, style="dim")
        text = " ".join(str(hit["text"]).split())
        out.print(f"   {text[:300]}{'…' if len(text) > 300 else ''}\n", markup=False)


def show_checks(out: "Console", checks: "Sequence[Check]") -> None:
    """What was examined, and what to put right."""
    signs = {"ok": "[green]✓[/]", "warn": "[yellow]![/]", "fail": "[red]✗[/]"}
    for check in checks:
        out.print(signs[check.status], end=" ")
        out.print(f"{check.name}: {check.text}", markup=False)
        if check.remedy:
            out.print(f"  → {check.remedy}", markup=False)


def show(out: "Console", data: Mapping[str, Any], title: str = "") -> None:
    """Any report: plain values first, then its lists and its parts as tables."""
    from rich.table import Table

    plain = {key: value for key, value in data.items() if not _structured(value)}
    if plain:
        table = Table(title=title or None, title_justify="left", show_header=False, box=None)
        for key, value in plain.items():
            table.add_row(_words(key), _cell(value))
        out.print(table)
    for key, value in data.items():
        name = f"{title} · {_words(key)}" if title else _words(key)
        if isinstance(value, Mapping) and value:
            show(out, value, name)
        elif _structured(value) and value:
            _show_rows(out, value, name)


def _show_rows(out: "Console", rows: Sequence[Mapping[str, Any]], title: str) -> None:
    from rich.table import Table

    columns = list(dict.fromkeys(key for row in rows for key, value in row.items() if not _structured(value)))
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(_words(column))
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    out.print(table)
    for row in rows:
        parts = {key: value for key, value in row.items() if _structured(value) and value}
        if parts:
            show(out, parts, f"{title} · {_cell(row.get(columns[0])) if columns else ''}")


def _structured(value: object) -> bool:
    return isinstance(value, Mapping) or (
        isinstance(value, list | tuple) and any(isinstance(entry, Mapping) for entry in value)
    )


def _words(key: str) -> str:
    return key.replace("_", " ")


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return str(value)


@contextlib.contextmanager
def progress_bar() -> Iterator[Tell]:
    """Yields `report(source, done, total)`, which draws a bar for each source on standard error.

    They are drawn from the first report on, and gone once everything begun is done: what follows may be a
    chat, which wants the terminal for itself.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bars = Progress(*columns, console=Console(stderr=True), transient=True)
    tasks: dict[str, TaskID] = {}

    def report(source: str, done: int, total: int | None) -> None:
        if source not in tasks:
            tasks[source] = bars.add_task(source, total=total)
        bars.update(tasks[source], completed=done, total=total)
        if bars.finished:
            bars.stop()
        else:
            bars.start()

    try:
        yield report
    finally:
        bars.stop()
