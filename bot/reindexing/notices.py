"""What is said of readings outside a reply: to the admins' channel, and where a reading was ordered."""

import logging
from collections.abc import Callable, Mapping, Sequence

from bot.channels import Channels
from bot.errors import VoceroError
from bot.messages import Command, Confirmation, Connector, parse_channel
from bot.phrases import Phrases
from bot.settings import Settings
from bot.voice import Voices

log = logging.getLogger(__name__)


class Notices:
    """Posts, each once for its key; what cannot be posted is logged."""

    def __init__(
        self,
        settings: Settings,
        channels: Channels,
        voices: Voices,
        connectors: Mapping[str, Connector],
    ) -> None:
        """`connectors`: by platform, filled by the time that anything is posted."""
        self._settings = settings
        self._channels = channels
        self._voices = voices
        self._connectors = connectors

    async def admins(
        self, key: str, say: Callable[[Phrases], str], confirmations: Sequence[Confirmation] = ()
    ) -> None:
        """Says something in the admins' channel, in its words; in the log where there is none."""
        place = self._settings.admin_channel
        if place is None:
            log.warning("%s (No `admin_channel` is set.)", say(self._voices.phrases(None)))
            return
        channel = await self._channels.of(parse_channel(place))
        await self._post(place, say(self._voices.phrases(self._voices.persona(channel))), key, confirmations)

    async def summary(self, command: Command, told: Mapping[str, str]) -> None:
        """Says in the channel of an order how it ended: by source, no more than all there may read.

        Not where the reply itself is there for all to see.
        """
        channel = command.channel
        if channel.platform == "terminal" or not command.private:
            return
        readable = (await self._channels.of(channel)).sources
        lines = [line for source, line in told.items() if source in readable]
        if lines and channel.kind != "direct":
            await self._post(channel.key, "\n".join(lines), f"summary:{command.id}")

    async def _post(
        self, place: str, text: str, key: str, confirmations: Sequence[Confirmation] = ()
    ) -> None:
        connector = self._connectors.get(place.partition(":")[0])
        if connector is None:
            log.error("Nothing can be said in `%s`: that platform is not connected. %s", place, text)
            return
        more = {"confirmations": confirmations} if confirmations else {}
        try:
            await connector.post(place, text, key, **more)
        except VoceroError as error:
            log.error("%s What was to be said: %s", error, text)
