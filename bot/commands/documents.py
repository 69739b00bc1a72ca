"""`search`, `index` and `eval retrieval`."""

import json
import sys
from typing import TYPE_CHECKING, BinaryIO

import click

from bot.commands import ChannelType, clean, common_options, json_option, run, settings_of
from bot.commands.output import (
    Write,
    ask,
    console,
    output,
    progress_bar,
    show_answer,
    show_hits,
    show_syncs,
    show_values,
)

if TYPE_CHECKING:
    from bot.messages import Answer

_INTERRUPTED = 130


@click.command()
@click.argument("query")
@click.option(
    "--limit", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many at most."
)
@click.option("--documents", is_flag=True, help="Only the best passage of each document.")
@click.option(
    "--channel",
    type=ChannelType(),
    metavar="PLATFORM:#NAME",
    help="Only what this channel may read; without it, every source.",
)
@json_option
@common_options
def search(query: str, limit: int, documents: bool, channel: str | None, as_json: bool) -> None:
    """Find passages, without answering."""
    settings = settings_of()
    from bot.requests import search as find

    with output(as_json) as write:
        hits = run(find(settings, clean(query), limit, documents, channel))
        if write:
            write({"hits": hits})
        else:
            show_hits(console(), hits)


@click.command()
@click.argument("target", required=False, metavar="[SOURCE|DOCUMENT]")
@click.option("--wait", is_flag=True, help="Until the vectors are in, too.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@click.option("--full", is_flag=True, help="Read everything again, also what has not changed.")
@click.option("--allow-deletions", is_flag=True, help="Believe it when many documents are gone at once.")
@click.option("--cancel", is_flag=True, help="End what is being read, by whoever's order.")
@json_option
@common_options
def index(target: str | None, *, cancel: bool, as_json: bool, **flags: bool) -> None:
    """Take in new and changed documents.

    Of one source, or of all; or one document, by its path or address. Where a source has lost suspiciously
    much, what is gone is asked about. Ctrl-C ends it in good order.
    """
    settings = settings_of()
    from bot.requests import cancel_index
    from bot.requests import index as sync

    target = clean(target) if target else None
    with output(as_json) as write:
        if cancel:
            _tell(run(cancel_index(settings, target)), write)
            return
        agree = ask if not as_json and sys.stdin.isatty() else None
        with progress_bar() as progress:
            reports = run(sync(settings, target, progress, agree, **flags))
        if write:
            write({"sources": reports})
        else:
            show_syncs(console(), reports)
    if any(report.get("hindrance") == "stopped" for report in reports):
        click.get_current_context().exit(_INTERRUPTED)
    if any(report.get("problem") for report in reports):
        click.get_current_context().exit(1)


@click.command()
@click.argument("action", required=False, type=click.Choice(["pause", "resume"]))
@click.argument("source", required=False)
@json_option
@common_options
def sources(action: str | None, source: str | None, as_json: bool) -> None:
    """Show the sources; pause one, or resume it.

    A paused source is read only when somebody says so.
    """
    if action and not source:
        raise click.UsageError(f"Say which source: vocero sources {action} NAME.")
    settings = settings_of()
    from bot.requests import sources as show

    with output(as_json) as write:
        _tell(run(show(settings, action, source)), write)


def _tell(answer: "Answer", write: Write | None) -> None:
    """Prints what a command brought; one that failed or was refused ends with 1."""
    if write:
        write(answer.data or {"reason": answer.reason, "text": answer.text})
    else:
        show_answer(console(), answer)
    if answer.outcome in ("failed", "refused"):
        click.get_current_context().exit(1)


@click.group(name="eval")
def evaluation() -> None:
    """Measure how good the answers are."""


@evaluation.command()
@click.argument("file", type=click.File("rb"), metavar="FILE.jsonl")
@json_option
@common_options
def retrieval(file: BinaryIO, as_json: bool) -> None:
    """Measure search on queries with their relevant documents.

    A line of the file: {"query": "…", "relevant": ["folder/file.md", …]}.
    """
    queries = _read_queries(file)
    settings = settings_of()
    from bot.requests import evaluate_retrieval

    with output(as_json) as write:
        report = run(evaluate_retrieval(settings, queries))
        if write:
            write(report)
        else:
            show_values(console(), report)


def _read_queries(file: BinaryIO) -> list[dict[str, object]]:
    queries: list[dict[str, object]] = []
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except ValueError as error:
            raise click.BadParameter(f"line {number} is not JSON: {error}", param_hint="FILE.jsonl") from None
        relevant = entry.get("relevant") if isinstance(entry, dict) else None
        if (
            not isinstance(relevant, list)
            or not relevant
            or not all(isinstance(document, str) for document in relevant)
            or not isinstance(entry.get("query"), str)
        ):
            wanted = '{"query": "…", "relevant": ["path", …]}'
            raise click.BadParameter(f"line {number} is not {wanted}", param_hint="FILE.jsonl")
        queries.append({"query": clean(entry["query"]), "relevant": relevant})
    if not queries:
        raise click.BadParameter("it has no queries", param_hint="FILE.jsonl")
    return queries
