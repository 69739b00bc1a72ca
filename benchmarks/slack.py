"""Slack under load: how soon an answer is seen, how soon an event is acknowledged, what waiting costs.

    python benchmarks/slack.py [--questions 400] [--in-flight 100] [--channels 50] [--waiting 1000]

`vocero serve` runs as a process of its own, against a loopback Slack and a scripted model in this one. The
first visible text is measured against the moment in which the model had sent its first complete sentence.
The loopback refuses nothing for haste: a hundred answers in a few seconds are more than Slack's tiers take in
one workspace. So this is the bot's own part of the time, and no promise of Slack's.
"""

import argparse
import asyncio
import json
import os
import random
import re
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from aiohttp import web
from harness import Table

from tests.bot.company import company
from tests.connectors.slack.server import BOT, SlackServer, slack_server
from tests.connectors.slack.workspace import event, tokens
from tests.serving import serving
from tests.web_server import running

QUESTION = "¿Cuántos días de vacaciones hay en Rosario? (consulta {number})"
SENTENCES = (
    "El personal de Rosario tiene 17 días corridos de vacaciones por año [{source}].",
    " Son 17 días corridos por año para todo el personal de Rosario [{source}].",
    " En Rosario el personal tiene 17 días de vacaciones, corridos, por año [{source}].",
)
THINKING, TOKEN_SECONDS = (1.0, 3.0), 0.08
"""Seconds before the model's first word, at least and at most, and between its words: an answer takes about
five, so that two at a time stay below the one message a second that Slack takes in a channel."""


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


class Asker:
    """Asks, and watches what comes."""

    def __init__(self, slack: SlackServer, measured: Measured, channels: int) -> None:
        self.slack = slack
        self.measured = measured
        self.channels = [f"C{number:03}" for number in range(channels)]
        slack.channels |= {id_: {"id": id_, "name": f"canal-{id_}"} for id_ in self.channels}
        self._number = 0

    async def ask(self) -> int:
        """Asks once, in the next channel, and waits for the acknowledgement."""
        self._number += 1
        number = self._number
        channel = self.channels[number % len(self.channels)]
        ts = f"17{number:08}.000100"
        text = f"<@{BOT}> {QUESTION.format(number=number)}"
        sent = time.monotonic()
        envelope = await self.slack.send(event("app_mention", text, channel, ts=ts))
        while envelope not in self.slack.acknowledged:  # noqa: ASYNC110 - the loopback tells nobody
            await asyncio.sleep(0.001)
        self.measured.acknowledged.append(time.monotonic() - sent)
        return number

    async def answered(self, number: int) -> None:
        """Waits until the answer is whole."""
        while number not in self.measured.whole:  # noqa: ASYNC110 - nor does it of posts
            await asyncio.sleep(0.005)


def watch(slack: SlackServer, measured: Measured) -> None:
    """Notes when a question's thread first shows the first sentence, and when all of it."""
    carry_out = slack.carry_out

    def watched(method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = carry_out(method, arguments)
        post = slack.posts.get((str(arguments.get("channel")), str(answer.get("ts"))))
        if post and post.get("thread_ts"):
            number, shown = int(post["thread_ts"][2:10]), str(post.get("blocks"))
            if "vacaciones por año" in shown:
                measured.visible.setdefault(number, time.monotonic())
            if "vacaciones, corridos" in shown and "context_actions" in shown:
                measured.whole.setdefault(number, time.monotonic())
        return answer

    slack.carry_out = watched  # type: ignore[method-assign]


async def measure(options: argparse.Namespace) -> None:
    """Both loads, and what they cost."""
    measured = Measured()
    model = Model(measured)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with slack_server() as slack, model_server(model) as url:
            company(folder, f'[models.openai-like]\nbase_url = "{url}"\n', llm='llm = "openai-like:scripted"')
            watch(slack, measured)
            async with serving(folder, slack.connected, tokens(slack)) as process:
                asker = Asker(slack, measured, options.channels)
                for _ in range(3):  # what is loaded on first use is
                    await asker.answered(await asker.ask())
                measured.acknowledged.clear()
                table = Table(
                    f"Slack, {options.in_flight} in flight over {options.channels} channels, p50/p95/p99 ms"
                )
                await _in_flight(asker, options.questions, options.in_flight)
                waits = [
                    measured.visible[n] - measured.sentence[n] for n in sorted(measured.sentence) if n > 3
                ]
                table.add("first visible text after the first sentence", _milliseconds(waits), "p95 300")
                table.add("acknowledgement", _milliseconds(measured.acknowledged), "p99 200")
                before = resident(process)
                model.silent = True
                for _ in range(options.waiting):
                    await asker.ask()
                await asyncio.sleep(3)
                each = (resident(process) - before) / options.waiting
                table.add(
                    f"memory of each of {options.waiting} waiting questions", f"{each:.0f} KB", "200 KB"
                )
                table.add("load of the machine", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
                process.kill()


async def _in_flight(asker: Asker, questions: int, in_flight: int) -> None:
    """Asks them all, so many at a time."""
    slots = asyncio.Semaphore(in_flight)

    async def one() -> None:
        async with slots:
            await asker.answered(await asker.ask())

    await asyncio.gather(*(one() for _ in range(questions)))


def _milliseconds(seconds: list[float]) -> str:
    return " / ".join(f"{1_000 * value:.0f}" for value in np.percentile(seconds, (50, 95, 99)))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--questions", type=int, default=400)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--channels", type=int, default=50)
    parser.add_argument("--waiting", type=int, default=1_000)
    asyncio.run(measure(parser.parse_args()))
