"""`chat` and `ask`."""

import contextlib
import json
from collections.abc import AsyncGenerator, Iterator
from typing import TYPE_CHECKING, BinaryIO

import click

from bot.commands import (
    TERMINAL,
    ChannelType,
    channel_option,
    clean,
    common_options,
    json_option,
    run,
    settings_of,
)
from bot.commands.output import Tell, answer_json, console, output, progress_bar, show_answer

if TYPE_CHECKING:
    from bot.messages import Answer
    from bot.requests import AskRequest
    from bot.settings import Settings


@click.command()
@channel_option
@common_options
def chat(channel: str) -> None:
    """Talk with the bot in this terminal."""
    settings = settings_of()
    from bot.app import run_chat

    with progress_bar() as tell:
        run(run_chat(settings, channel, tell))


@click.command()
@click.argument("question", required=False)
@click.option(
    "--file",
    "file",
    type=click.File("rb"),
    metavar="FILE.jsonl",
    help='Many questions: a line each, {"question": …, "channel": …, "thread": …}, the last two '
    "if wanted. '-' reads standard input.",
)
@channel_option
@click.option("--thread", metavar="NAME", help="Go on with this conversation; the bot remembers its turns.")
@json_option
@common_options
def ask(question: str | None, file: BinaryIO | None, channel: str, thread: str | None, as_json: bool) -> None:
    """Ask a question, or a file of them."""
    if (question is None) == (file is None):
        raise click.UsageError("Give a question or a --file with questions.")
    if question is not None and not question.strip():
        raise click.UsageError("The question is empty.")
    settings = settings_of()
    from bot.requests import AskRequest

    requests: list[AskRequest | Answer]
    if question is not None:
        requests = [AskRequest(clean(question), channel, thread)]
    else:
        assert file is not None
        requests = list(_read_requests(file, channel, thread))
    failed = run(_answer(settings, requests, as_json))
    if failed:
        click.get_current_context().exit(1)


async def _answer(settings: "Settings", requests: "list[AskRequest | Answer]", as_json: bool) -> bool:
    """Prints an answer for each request, in order; whether one failed."""
    failed = False
    with output(as_json) as write, progress_bar() as tell:
        # Closed before anything else ends, so that running turns end in order when printing fails.
        async with contextlib.aclosing(_in_order(settings, requests, tell)) as answers:
            async for answer in answers:
                failed |= answer.outcome == "failed"
                if write:
                    write(answer_json(answer))
                else:
                    show_answer(console(), answer)
    return failed


async def _in_order(
    settings: "Settings", requests: "list[AskRequest | Answer]", tell: Tell
) -> "AsyncGenerator[Answer, None]":
    """The answers, with those that are known already in their places."""
    from bot.requests import AskRequest, ask_many

    waiting = iter(requests)
    asked = [one for one in requests if isinstance(one, AskRequest)]
    if asked:
        async with contextlib.aclosing(ask_many(settings, asked, tell)) as answers:
            async for answer in answers:
                for request in waiting:
                    if isinstance(request, AskRequest):
                        break
                    yield request
                yield answer
    for request in waiting:
        assert not isinstance(request, AskRequest), "every question is answered"
        yield request


def _read_requests(file: BinaryIO, channel: str, thread: str | None) -> "Iterator[AskRequest | Answer]":
    """The requests of a file; for a line that is none, the answer that says so."""
    from bot.requests import AskRequest

    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            entry = _entry(line)
            place = ChannelType().convert(entry.get("channel", channel), None, None)
            yield AskRequest(clean(entry["question"]), place, entry.get("thread", thread))
        except (ValueError, click.BadParameter) as error:
            yield _unreadable(number, error)


def _entry(line: bytes) -> dict[str, str]:
    """What a line says; ValueError in words. It may say more than is used here."""
    entry = json.loads(line)
    if not isinstance(entry, dict) or not str(entry.get("question") or "").strip():
        raise ValueError('it needs {"question": "…"}')
    said = {key: entry[key] for key in ("question", "channel", "thread") if entry.get(key) is not None}
    if wrong := next((key for key, value in said.items() if not isinstance(value, str)), None):
        raise ValueError(f"its {wrong} is not text in quotes")
    return said


def _unreadable(number: int, error: Exception) -> "Answer":
    from bot.messages import Answer, RegisterScore

    what = error.message if isinstance(error, click.BadParameter) else str(error)
    return Answer(
        id=f"{TERMINAL}:line-{number}",
        outcome="failed",
        text=f"Line {number} is not a question: {what}",
        answer="",
        reason="unreadable_line",
        confidence=0.0,
        persona="",
        register=RegisterScore(singular="", plural="", score=None),
        model=None,
    )
