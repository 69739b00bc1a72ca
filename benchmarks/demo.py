"""How the bot answers the demo company's questions, without a model.

    python benchmarks/demo.py [--misses]

For the plain questions and the hard ones (examples/README.md says which are which): the expected document
first in search, every expected fact in the reply, and how many of the unanswerable ones were declined.
"""

import argparse
import asyncio
import json
import re
import tempfile
import unicodedata
from collections.abc import Sequence
from contextlib import aclosing, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.config import load_settings
from bot.editing import searchable
from bot.messages import Answer, Channel, parse_channel
from bot.opening import open_library
from bot.requests import AskRequest, ask_many, index
from bot.settings import Settings

DEMO = Path(__file__).parent.parent / "examples" / "demo"


@dataclass(frozen=True)
class Asked:
    """A question of the demo, its answer, and the documents that search puts first."""

    question: dict[str, Any]
    answer: Answer
    first: str | None

    @property
    def document(self) -> bool:
        """Whether an expected document comes first."""
        return self.first in self.question["documents"]

    @property
    def fact(self) -> bool:
        """Whether every expected fact stands in the reply."""
        return all(states(self.answer.answer, fact) for fact in self.question["facts"])

    @property
    def declined(self) -> bool:
        """Whether the bot said that the documents do not have it."""
        return self.answer.outcome == "not_found"


def states(text: str, fact: str) -> bool:
    """Whether a text says a fact in one of its ways of writing, accents, case and signs aside."""
    return any(_folded(way) in _folded(text) for way in fact.split("|"))


def _folded(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return f" {' '.join(re.findall(r'[a-z0-9]+', plain))} "


async def ask(settings: Settings, name: str) -> list[Asked]:
    """Asks every question of a file, follow-ups in the thread of what they follow."""
    questions = [json.loads(line) for line in (DEMO / name).read_text("utf-8").splitlines()]
    threads: dict[str, str] = {}
    requests = []
    for question in questions:
        thread = threads[question["id"]] = threads.get(question.get("follows", ""), question["id"])
        channel = question.get("channel", "terminal:local")
        requests.append(AskRequest(question["question"], channel, f"{name}-{thread}"))
    await index(settings, None, wait=True)
    async with aclosing(ask_many(settings, requests)) as replies:
        answers = [answer async for answer in replies]
    with closing(open_library(settings, writing=False)) as library:
        firsts = [_first(settings, library, request) for request in requests]
    return [Asked(*one) for one in zip(questions, answers, firsts, strict=True)]


def _first(settings: Settings, library: Any, request: AskRequest) -> str | None:
    place: Channel = parse_channel(request.channel)
    sources = settings.channel_for(place.platform, place.id, place.name).sources
    asked = searchable(request.question, settings.language)
    hits = library.find(asked, limit=1, sources=sources, per_document=True).hits
    return hits[0].passage.document if hits else None


def demo_settings(data: Path) -> Settings:
    """The demo company, with its data elsewhere."""
    return load_settings(DEMO / "vocero.toml", environ={"VOCERO_DATA": str(data)})


def share(values: Sequence[bool]) -> float:
    """Per cent of these that hold."""
    return 100 * sum(values) / len(values) if values else float("nan")


def report(title: str, asked: Sequence[Asked]) -> None:
    """Prints the shares. Follow-ups are not counted in search: alone they ask nothing."""
    print(f"\n{title}\n  {'':8}{'document first':>16}{'facts in reply':>16}{'declined':>12}")
    for language in ("es", "en", "both"):
        part = [one for one in asked if language in ("both", one.question["language"])]
        known = [one for one in part if one.question["answerable"]]
        alone = [one.document for one in known if "follows" not in one.question]
        absent = [one.declined for one in part if not one.question["answerable"]]
        shares = (share(alone), share([one.fact for one in known]), share(absent))
        print(f"  {language:8}{shares[0]:>14.1f} %{shares[1]:>14.1f} %{shares[2]:>10.1f} %")


def main() -> None:
    """Runs all of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--misses", action="store_true", help="show what went wrong")
    misses = parser.parse_args().misses
    with tempfile.TemporaryDirectory() as data:
        for title, name in (("Plain questions", "questions.jsonl"), ("Hard ones", "questions-hard.jsonl")):
            asked = asyncio.run(ask(demo_settings(Path(data)), name))
            report(title, asked)
            for one in asked if misses else ():
                right = one.fact if one.question["answerable"] else one.declined
                if not right:
                    said = " / ".join(one.answer.answer.splitlines())[:160]
                    print(f"    {one.question['id']}: {one.question['question']}")
                    print(f"      → {one.answer.outcome} {said}")


if __name__ == "__main__":
    main()
