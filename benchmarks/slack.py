"""Slack under load: how soon an answer is seen, how soon an event is acknowledged, what waiting costs.

python benchmarks/slack.py [--questions 400] [--in-flight 100] [--channels 50] [--waiting 1000]
"""

import argparse
import asyncio
import tempfile
import time
from pathlib import Path
from typing import Any

from chat_load import Asker, Measured, Model, configured, measure, model_server, parsed

from tests.connectors.slack.server import BOT, SlackServer, slack_server
from tests.connectors.slack.workspace import event, tokens
from tests.serving import serving


class SlackAsker(Asker):
    """Mentions the bot in one channel after the other, and watches the threads."""

    def __init__(self, slack: SlackServer, measured: Measured, channels: int) -> None:
        super().__init__(measured)
        self.slack = slack
        self.channels = [f"C{number:03}" for number in range(channels)]
        slack.channels |= {id_: {"id": id_, "name": f"canal-{id_}"} for id_ in self.channels}
        self._carry_out = slack.carry_out
        slack.carry_out = self._watched  # type: ignore[method-assign]

    async def put(self, number: int, question: str) -> None:
        """A mention; its envelope is what is acknowledged."""
        channel = self.channels[number % len(self.channels)]
        sent = time.monotonic()
        mention = event("app_mention", f"<@{BOT}> {question}", channel, ts=f"17{number:08}.000100")
        envelope = await self.slack.send(mention)
        while envelope not in self.slack.acknowledged:  # noqa: ASYNC110 - the loopback tells nobody
            await asyncio.sleep(0.001)
        self.measured.acknowledged.append(time.monotonic() - sent)

    def _watched(self, method: str, arguments: dict[str, Any]) -> dict[str, Any]:
        answer = self._carry_out(method, arguments)
        post = self.slack.posts.get((str(arguments.get("channel")), str(answer.get("ts"))))
        if post and post.get("thread_ts"):
            text = str(post.get("blocks"))
            self.shown(int(post["thread_ts"][2:10]), text, whole="context_actions" in text)
        return answer


async def main(options: argparse.Namespace) -> None:
    """One process, all measures."""
    model = Model(Measured())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with slack_server() as slack, model_server(model) as url:
            configured(folder, url)
            asker = SlackAsker(slack, model.measured, options.channels)
            async with serving(folder, slack.connected, tokens(slack)) as process:
                await measure("Slack", options, asker, model, process)
                process.kill()


if __name__ == "__main__":
    asyncio.run(main(parsed(__doc__)))
