"""What is kept by all processes together is tested on a real Valkey, like the bot's own."""

from tests.bot.conftest import redis, valkey

__all__ = ["redis", "valkey"]
