"""Discord under load: how soon an answer is seen, how soon a command is deferred, what waiting costs.

    python benchmarks/discord.py [--questions 400] [--in-flight 100] [--channels 50] [--waiting 1000]

Every second question is a command, the others are mentions; what is acknowledged are the commands. Posts and
edits beyond five in five seconds in a channel, or through an interaction, are refused, as Discord does it.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

# This file has the SDK's name: its folder comes after what is installed.
sys.path.append(sys.path.pop(0))

from aiohttp import web
from chat_load import Asker, Measured, Model, configured, measure, model_server, parsed

from tests.connectors.discord.loopback import TOKEN, Buckets, Loopback, loopback
from tests.connectors.discord.loopback.payloads import BOT, channel
from tests.serving import serving


class DiscordAsker(Asker):
    """Asks in one channel after the other, and watches what is posted and edited."""

    def __init__(self, discord: Loopback, measured: Measured, channels: int) -> None:
        super().__init__(measured)
        self.discord = discord
        self.channels = [str(10_000 + number) for number in range(channels)]
        self._commands: dict[str, int] = {}
        """Questions by the place that the answer to a command has."""
        self._mentions: dict[str, int] = {}
        self._posts: dict[str, int] = {}
        self._own_message, self._change = discord.own_message, discord.change
        discord.own_message = self._posted  # type: ignore[method-assign]
        discord.change = self._changed  # type: ignore[method-assign]

    async def tell_channels(self) -> None:
        """Makes the channels known."""
        for id_ in self.channels:
            await self.discord.dispatch("CHANNEL_CREATE", channel(id_))

    async def put(self, number: int, question: str) -> None:
        """A command, or a mention."""
        place = self.channels[number % len(self.channels)]
        if number % 2:
            mention = self.discord.written(f"<@{BOT}> {question}", channel=place)
            self._mentions[mention["id"]] = number
            await self.discord.dispatch("MESSAGE_CREATE", mention)
            return
        id_ = self.discord.snowflake()
        self._commands[f"token:token-{id_}"] = number
        sent = time.monotonic()
        token = await self.discord.ask(question, channel=place, id_=id_)
        while token not in self.discord.callbacks:  # noqa: ASYNC110 - the loopback tells nobody
            await asyncio.sleep(0.001)
        self.measured.acknowledged.append(time.monotonic() - sent)

    def _posted(self, place: str, body: dict[str, Any]) -> dict[str, Any]:
        message = self._own_message(place, body)
        replied = str((body.get("message_reference") or {}).get("message_id"))
        number = self._commands.get(place) or self._mentions.get(replied)
        if number is not None:
            self._posts[message["id"]] = number
            self._look(message)
        return message

    def _changed(self, id_: str, body: dict[str, Any]) -> web.Response:
        answer = self._change(id_, body)
        if id_ in self._posts:
            self._look(self.discord.messages[id_])
        return answer

    def _look(self, message: dict[str, Any]) -> None:
        whole = "vocero:helpful:" in str(message["components"])
        self.shown(self._posts[message["id"]], message["content"], whole=whole)


async def main(options: argparse.Namespace) -> None:
    """One process, all measures."""
    model = Model(Measured())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with loopback() as discord, model_server(model) as url:
            configured(folder, url)
            environ = {
                "DISCORD_TOKEN": TOKEN,
                "VOCERO_DISCORD_API_URL": discord.url,
                "VOCERO_DISCORD_GATEWAY_URL": discord.gateway,
            }
            asker, buckets = DiscordAsker(discord, model.measured, options.channels), Buckets()
            async with serving(folder, discord.ready, environ) as process:
                await asker.tell_channels()
                discord.faults.append(buckets)
                table = await measure("Discord", options, asker, model, process)
                table.add("requests refused (429)", str(buckets.refused))
                process.kill()


if __name__ == "__main__":
    asyncio.run(main(parsed(__doc__)))
