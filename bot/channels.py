"""What holds in a channel."""

from bot.messages import Channel
from bot.settings import ResolvedChannel, Settings


class Channels:
    """Channels, as the file sets them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def of(self, channel: Channel) -> ResolvedChannel:
        """What holds in a channel."""
        return self._settings.channel_for(channel.platform, channel.id, channel.name)
