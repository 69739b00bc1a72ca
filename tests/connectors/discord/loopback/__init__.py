"""A small Discord on this machine: a gateway and as much of REST as the connector uses, faults included."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from tests.connectors.discord.loopback.faults import Buckets, Fault, banned, overloaded, page, refusal
from tests.connectors.discord.loopback.interactions import Interactions
from tests.connectors.discord.loopback.people import People
from tests.connectors.discord.loopback.world import TOKEN
from tests.web_server import running

__all__ = ["TOKEN", "Buckets", "Fault", "Loopback", "banned", "loopback", "overloaded", "page", "refusal"]


class Loopback(People, Interactions):
    """All of it: what people do, what stands there, and how the bot reaches it."""

    def application(self) -> web.Application:
        """Gateway and REST."""
        app = web.Application(middlewares=[self.faulty])
        app.add_routes([*self.gateway_routes(), *self.rest_routes(), *self.interaction_routes()])
        return app


@asynccontextmanager
async def loopback() -> AsyncIterator[Loopback]:
    """A small Discord that listens on this machine."""
    discord = Loopback()
    async with running(discord.application()) as address:
        discord.url = f"{address}/api/v10"
        discord.gateway = f"{address.replace('http', 'ws', 1)}/gateway"
        yield discord
