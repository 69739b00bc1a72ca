"""The shared state of the connector's tests is a real Valkey, like the bot's own."""

from tests.bot.conftest import redis, valkey

__all__ = ["redis", "valkey"]
