"""What a command at the terminal asks, of the process that owns the data or of this one."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.app import Tell, command, open_terminal
from bot.editing import searchable
from bot.errors import VoceroError
from bot.messages import Answer, AnyChunk, Confirmation, parse_channel
from bot.opening import open_library
from bot.settings import Settings

_AT_ONCE = 8
"""Questions of one file that are under way at once."""


@dataclass(frozen=True, slots=True)
class AskRequest:
    """One question for `ask_many`."""

    question: str
    channel: str
    thread: str | None = None


async def look_up(
    settings: Settings,
    name: str,
    arguments: Sequence[str],
    channel: str,
    agree: Callable[[Confirmation], bool] | None = None,
    *,
    tell: Tell | None = None,
) -> list[Answer]:
    """Makes a lookup; what waits for a yes gets the answer of `agree` (None: yes), and a reply of its own.

    `arguments`: words, `name=value` or a value by itself.
    """
    async with open_terminal(settings, tell, first=False) as terminal:
        given = {"tool": name, "arguments": list(arguments), "channel": channel}
        answers = [await command(terminal, "lookup", tell, **given)]
        for waiting in answers[0].confirmations:
            accept = agree is None or await asyncio.to_thread(agree, waiting)
            press = "confirm" if accept else "decline"
            answers.append(await command(terminal, press, tell, channel=channel, token=waiting.token))
    return answers


async def try_persona(
    settings: Settings, persona: str, questions: Sequence[str], channel: str, tell: Tell | None = None
) -> list[dict[str, Any]]:
    """What a persona answers to questions in a channel, each with what a model thinks of the answer."""
    async with open_terminal(settings, tell) as terminal:
        trials: list[dict[str, Any]] = []
        for question in questions:
            given = {"question": question, "persona": persona, "judge": True, "channel": channel}
            answer = await command(terminal, "test", tell, **given)
            if answer.data is None:
                raise VoceroError(answer.text)
            trials.append({"question": question} | answer.data)
    return trials


async def ask_many(
    settings: Settings, requests: Sequence[AskRequest], tell: Tell | None = None
) -> AsyncGenerator[Answer]:
    """Answers in the order of the requests; several are worked on at a time."""
    async with open_terminal(settings, tell) as terminal:
        slots = asyncio.Semaphore(_AT_ONCE)

        async def ask(request: AskRequest) -> Answer:
            async with (
                slots,
                contextlib.aclosing(terminal.ask(request.question, request.channel, request.thread)) as reply,
            ):
                async for chunk in reply:
                    if isinstance(chunk, Answer):
                        return chunk
            raise AssertionError("every reply ends in an answer")

        tasks = [asyncio.create_task(ask(request)) for request in requests]
        try:
            for task in tasks:
                yield await task
        finally:  # whoever reads may have had enough
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def search(
    settings: Settings, query: str, limit: int, documents: bool, channel: str | None
) -> list[dict[str, Any]]:
    """Passages found, best first; of every source, or of those that a channel may read."""
    sources = frozenset(source.name for source in settings.sources)
    readers: frozenset[str] | None = None  # who runs the machine may read what is on it
    query = searchable(query, settings.language)
    if channel is not None:
        place = parse_channel(channel)
        sources = settings.channel_for(place.platform, place.id, place.name).sources
        readers = settings.known.of_channel(place)
    with contextlib.closing(open_library(settings, writing=False)) as library:
        found = await asyncio.to_thread(
            library.find, query, limit=limit, sources=sources, readers=readers, per_document=documents
        )
    return [
        {
            "source": hit.passage.source,
            "document": hit.passage.document,
            "title": hit.passage.title,
            "heading": " › ".join(hit.passage.headings),
            "location": hit.passage.location,
            "score": round(hit.score, 4),
            "text": hit.passage.text,
        }
        for hit in found.hits
    ]


async def index(
    settings: Settings,
    target: str | None,
    tell: Tell | None = None,
    agree: Callable[[Confirmation], bool] | None = None,
    *,
    wait: bool = False,
    dry_run: bool = False,
    full: bool = False,
    allow_deletions: bool = False,
) -> list[dict[str, Any]]:
    """Takes in what changed; a report for each source.

    Cancelled, it has the reading end and gives how far that came. `agree` is asked about deletions that are
    not believed.
    """
    async with open_terminal(settings, tell, first=False, vectors=wait) as terminal:
        id_ = f"terminal:{uuid.uuid4()}"
        flags = {"wait": wait, "dry_run": dry_run, "full": full, "allow_deletions": allow_deletions}
        reading = asyncio.ensure_future(command(terminal, "reindex", tell, id_=id_, source=target, **flags))
        answer = await _to_its_end(reading, lambda: terminal.command("stop", answer=id_))
        reports = _reports(answer)
        for question in answer.confirmations if agree else ():
            assert agree is not None
            if await asyncio.to_thread(agree, question):
                decided = _reports(await command(terminal, "confirm", tell, token=question.token))
                sources = {one["source"] for one in decided}
                reports = [one for one in reports if one["source"] not in sources] + decided
    return reports


async def _to_its_end(
    reading: "asyncio.Future[Answer]", stop: Callable[[], AsyncGenerator[AnyChunk]]
) -> Answer:
    """The answer, also when the person at the terminal has had enough: then the sooner."""
    try:
        return await asyncio.shield(reading)
    except asyncio.CancelledError:
        if reading.cancelled() or (task := asyncio.current_task()) is None:
            raise
        task.uncancel()
        async with contextlib.aclosing(stop()) as stopping:
            async for _ in stopping:
                pass
        return await reading


def _reports(answer: Answer) -> list[dict[str, Any]]:
    if answer.data is None or "sources" not in answer.data:
        raise VoceroError(answer.text)
    reports: list[dict[str, Any]] = answer.data["sources"]
    return reports


async def cancel_index(settings: Settings, source: str | None) -> Answer:
    """Has what is being read, of a source or of all, come to an end."""
    async with open_terminal(settings, first=False) as terminal:
        return await command(terminal, "reindex", source=source, cancel=True)


async def sources(settings: Settings, action: str | None = None, source: str | None = None) -> Answer:
    """How the sources stand; or one of them is paused, or read again."""
    async with open_terminal(settings, first=False) as terminal:
        return await command(terminal, "sources", action=action, source=source)


async def status(settings: Settings) -> dict[str, Any]:
    """What is indexed, what was asked, what waits."""
    async with open_terminal(settings, first=False) as terminal:
        answer = await command(terminal, "status")
    return answer.data or {}


async def review(settings: Settings, source: str | None = None) -> tuple[str, dict[str, Any]]:
    """What the documents leave unanswered, say twice or otherwise: in words, and for machines."""
    async with open_terminal(settings, first=False) as terminal:
        answer = await command(terminal, "review", source=source)
    if answer.data is None or "missing" not in answer.data:
        raise VoceroError(answer.text)
    return answer.text, answer.data


async def generations(settings: Settings, action: str, name: str | None = None) -> list[dict[str, Any]]:
    """The generations of the index, after `show`, `use` or `drop`."""
    async with open_terminal(settings, first=False) as terminal:
        answer = await command(terminal, f"generations {action}", generation=name)
    if answer.data is None or "generations" not in answer.data:
        raise VoceroError(answer.text)
    known: list[dict[str, Any]] = answer.data["generations"]
    return known


async def evaluate_retrieval(settings: Settings, queries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Recall, MRR and nDCG of search over documents, with latencies inside the process."""
    from knowledge.evaluation import evaluate

    sources = frozenset(source.name for source in settings.sources)
    with contextlib.closing(open_library(settings, writing=False)) as library:

        def ranked(query: str) -> list[str]:
            asked = searchable(query, settings.language)
            found = library.find(asked, limit=10, sources=sources, readers=None, per_document=True)
            return [hit.passage.document for hit in found.hits]

        return await asyncio.to_thread(evaluate, ranked, queries)
