"""What the benchmarks of chat platforms share: a scripted model, a bot that serves, a load, its measures.

`vocero serve` runs as a process of its own, against a loopback platform and a scripted model in this one. The
first visible text is measured against the moment in which the model had sent its first complete sentence.
"""

import argparse
import asyncio
import json
import os
import random
import re
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from aiohttp import web
from harness import Table

from tests.bot.company import company
from tests.web_server import running

QUESTION = "¿Cuántos días de vacaciones hay en Rosario? (consulta {number})"
SENTENCES = (
    "El personal de Rosario tiene 17 días corridos de vacaciones por año [{source}].",
    " Son 17 días corridos por año para todo el personal de Rosario [{source}].",
    " En Rosario el personal tiene 17 días de vacaciones, corridos, por año [{source}].",
)
FIRST_WORDS, LAST_WORDS = "vacaciones por año", "vacaciones, corridos"
"""Of the first sentence, and of the last one."""
THINKING, TOKEN_SECONDS = (1.0, 3.0), 0.08
"""Seconds before the model's first word, at least and at most, and between its words: an answer takes about
five, so that two at a time stay below what a platform takes in a channel."""


@dataclass
class Measured:
    """Moments by question."""

    sentence: dict[int, float] = field(default_factory=dict)
    visible: dict[int, float] = field(default_factory=dict)
    whole: dict[int, float] = field(default_factory=dict)
    acknowledged: list[float] = field(default_factory=list)


class Model:
    """Writes the same three sentences each time, at the pace of a common model; or thinks for ever."""

    def __init__(self, measured: Measured) -> None:
        self.measured = measured
        self.silent = False
        self.asked = 0

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One answer, word by word."""
        body = await request.json()
        self.asked += 1
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        material = body["messages"][-1]["content"]
        found = re.findall(r"\(consulta (\d+)\)", material)
        source = material.partition("17 días corridos")[0].rpartition('number="')[2].partition('"')[0]
        await asyncio.sleep(3_600 if self.silent else random.uniform(*THINKING))
        for number, sentence in enumerate(SENTENCES):
            for word in re.findall(r"\s*\S+", sentence.format(source=source)):
                await self._send(response, word)
                await asyncio.sleep(TOKEN_SECONDS)
            if number == 0 and found:
                self.measured.sentence[int(found[-1])] = time.monotonic() - TOKEN_SECONDS
        await self._send(response, None)
        await response.write(b"data: [DONE]\n\n")
        return response

    async def _send(self, response: web.StreamResponse, word: str | None) -> None:
        delta = {} if word is None else {"role": "assistant", "content": word}
        choice = {"index": 0, "delta": delta, "finish_reason": "stop" if word is None else None}
        chunk = {
            "id": "1",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": "scripted",
            "choices": [choice],
        }
        await response.write(f"data: {json.dumps(chunk)}\n\n".encode())


@asynccontextmanager
async def model_server(model: Model) -> AsyncIterator[str]:
    """The scripted model's address."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", model.answer)
    async with running(app) as address:
        yield f"{address}/v1"


def resident(process: asyncio.subprocess.Process) -> float:
    """Memory of the process, in KB. Its embedded Valkey, where what waits lies too, is a child: it counts."""
    pids = [process.pid]
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    total = 0.0
    for pid in (*pids, *map(int, children)):
        status = Path(f"/proc/{pid}/status").read_text()
        total += float(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]
    return total


class Asker(ABC):
    """Asks, and waits for what comes."""

    def __init__(self, measured: Measured) -> None:
        self.measured = measured
        self._number = 0

    @abstractmethod
    async def put(self, number: int, question: str) -> None:
        """Asks once, notes how long the acknowledgement took."""

    async def ask(self) -> int:
        """Asks the next question."""
        self._number += 1
        await self.put(self._number, QUESTION.format(number=self._number))
        return self._number

    async def answered(self, number: int) -> None:
        """Waits until the answer is whole."""
        while number not in self.measured.whole:  # noqa: ASYNC110 - a loopback tells nobody of posts
            await asyncio.sleep(0.005)

    def shown(self, number: int, text: str, *, whole: bool) -> None:
        """Notes what stands there as the answer now. `whole`: it has the buttons of one that has ended."""
        if FIRST_WORDS in text:
            self.measured.visible.setdefault(number, time.monotonic())
        if whole and LAST_WORDS in text:
            self.measured.whole.setdefault(number, time.monotonic())


def configured(folder: Path, model_url: str) -> None:
    """The company of the tests, with the scripted model."""
    company(folder, f'[models.openai-like]\nbase_url = "{model_url}"\n', llm='llm = "openai-like:scripted"')


async def measure(
    name: str, options: argparse.Namespace, asker: Asker, model: Model, process: asyncio.subprocess.Process
) -> Table:
    """Both loads, and what they cost."""
    measured = asker.measured
    for _ in range(3):  # what is loaded on first use is
        await asker.answered(await asker.ask())
    measured.acknowledged.clear()
    title = f"{name}, {options.in_flight} in flight over {options.channels} channels, p50/p95/p99 ms"
    table = Table(title)
    await _in_flight(asker, options.questions, options.in_flight)
    waits = [measured.visible[n] - measured.sentence[n] for n in sorted(measured.sentence) if n > 3]
    table.add("first visible text after the first sentence", _milliseconds(waits), "p95 300")
    table.add("acknowledgement", _milliseconds(measured.acknowledged), "p99 200")
    before = resident(process)
    model.silent = True
    for _ in range(options.waiting):
        await asker.ask()
    await asyncio.sleep(3)
    each = (resident(process) - before) / options.waiting
    table.add(f"memory of each of {options.waiting} waiting questions", f"{each:.0f} KB", "200 KB")
    table.add("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return table


async def _in_flight(asker: Asker, questions: int, in_flight: int) -> None:
    """Asks them all, so many at a time."""
    slots = asyncio.Semaphore(in_flight)

    async def one() -> None:
        async with slots:
            await asker.answered(await asker.ask())

    await asyncio.gather(*(one() for _ in range(questions)))


def _milliseconds(seconds: list[float]) -> str:
    return " / ".join(f"{1_000 * value:.0f}" for value in np.percentile(seconds, (50, 95, 99)))


def parsed(description: str | None) -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--channels", type=int, default=50)
    parser.add_argument("--waiting", type=int, default=1_000)
    return parser.parse_args()
