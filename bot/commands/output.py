"""What commands print: JSON for machines, tables for people."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rich.console import Console

    from bot.doctor import Check
    from bot.messages import Answer, Confirmation


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
    value = answer.model_dump(mode="json", by_alias=True, exclude={"type", "actions"})
    if value["data"] is None:
        del value["data"]
    return value


def ask(confirmation: "Confirmation") -> bool:
    """Asks at the terminal, on standard error; no is the answer where there is nobody to ask."""
    click.echo(confirmation.text, err=True)
    try:
        return click.confirm("?", default=False, err=True)
    except click.Abort:
        return False


def console() -> "Console":
    """Standard output for people."""
    from rich.console import Console

    return Console(highlight=False, emoji=False, soft_wrap=not sys.stdout.isatty())


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


def show_values(out: "Console", values: Mapping[str, Any]) -> None:
    """A report of numbers by name."""
    rows = [(name.replace("_", " "), _cell(value)) for name, value in values.items()]
    _show_table(out, ("measure", "value"), rows)


def show_syncs(out: "Console", reports: Sequence[Mapping[str, Any]]) -> None:
    """What was taken in, a row for each source; then what could not be, with the reason."""
    columns = (
        "source",
        "seen",
        "added",
        "changed",
        "unchanged",
        "deleted",
        "moved",
        "failed",
        "chunks",
        "seconds",
    )
    _show_table(out, columns, [[_cell(report.get(column)) for column in columns] for report in reports])
    _show_troubles(out, reports)


def show_status(out: "Console", report: Mapping[str, Any]) -> None:
    """The sources as they stand, then what was asked, what was ignored and why, and what waits."""
    restricted = any(source.get("restricted") for source in report.get("sources", ()))
    columns = (
        "source",
        "documents",
        *(("restricted",) if restricted else ()),
        "passages",
        "vectors",
        "failed",
        "read",
    )
    rows = [
        [*(_cell(source.get(column)) for column in columns[:-1]), _ago(source.get("age"))]
        for source in report.get("sources", ())
    ]
    _show_table(out, columns, rows)
    _show_troubles(out, report.get("sources", ()))
    if report.get("problem"):
        out.print(report["problem"], markup=False, style="yellow")
    for key in ("turns", "reasons", "queue"):
        counts = {name: value for name, value in report.get(key, {}).items() if isinstance(value, int)}
        told = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counts.items())
        out.print(f"{key}: {told or 'none'}", markup=False)
    if unknown := report.get("unknown_groups"):
        out.print(f"groups that nobody is in: {', '.join(unknown)}", markup=False)
    out.print(f"model: {report.get('model') or 'none, answers are quotes'}", markup=False)


def show_generations(out: "Console", generations: Sequence[Mapping[str, Any]]) -> None:
    """The generations of the index, a row for each."""
    columns = ("name", "embedding", "documents", "chunks", "vectors", "bytes", "made", "state")
    rows = [
        [
            *(_cell(one[column]) for column in columns[:-2]),
            _ago(time.time() - one["created"]),
            "answers" if one["active"] else "is being made" if one["next"] else "",
        ]
        for one in generations
    ]
    _show_table(out, columns, rows)


def _show_table(out: "Console", columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), show_edge=False)
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    out.print(table, markup=False)


def _show_troubles(out: "Console", sources: Sequence[Mapping[str, Any]]) -> None:
    for source in sources:
        if source.get("problem"):
            out.print(f"{source['source']}: {source['problem']}", markup=False, style="yellow")
        if paused := source.get("paused"):
            out.print(f"{source['source']}: paused by {paused['by']}", markup=False, style="yellow")
        if run := source.get("running"):
            far = f", {run['done']} of {run['total'] or '?'}" if run["done"] is not None else ""
            out.print(f"{source['source']}: is being read, by order of {run['by']}{far}", markup=False)
        for failure in source.get("failed") or ():
            out.print(f"{source['source']}: {failure['document']}: {failure['message']}", markup=False)
        for document, notes in (source.get("notes") or {}).items():
            out.print(f"{source['source']}: {document}: {' '.join(notes)}", markup=False)


def _ago(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit} ago"
    return "now"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    if isinstance(value, list | tuple):
        return str(len(value))
    return "" if value is None else str(value)


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
