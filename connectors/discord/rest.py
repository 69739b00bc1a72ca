"""Requests to Discord's REST interface, by the SDK's own client and so within its rate limits."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bot.errors import ConfigurationError
from connectors.discord.errors import DiscordError, told

log = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=20)
"""Of one try; the SDK's waiting for a rate limit is not counted."""
_HASTY_SECONDS = 5
_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Between the tries of a request that failed in passing."""
REJECTED = "Discord does not accept `DISCORD_TOKEN`: copy the bot's token from the developer portal again."


class Rest:
    """Discord's REST interface; it is open while someone uses it, with or without a gateway."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._client: discord.Client | None = None
        self._users = 0
        self._opening = asyncio.Lock()

    @property
    def application(self) -> int:
        """The id of the bot's application; only while open."""
        assert self._client is not None and self._client.application_id is not None
        return self._client.application_id

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Keeps it open; who leaves last closes it. Raises `DiscordError` when Discord cannot be reached."""
        async with self._opening:
            if self._client is None:
                self._client = await self._login()
            self._users += 1
        try:
            yield
        finally:
            self._users -= 1
            if not self._users:
                client, self._client = self._client, None
                await client.close()

    async def _login(self) -> discord.Client:
        client = discord.Client(intents=discord.Intents(guilds=True))
        try:
            await client.login(self._token)
        except BaseException as error:
            await client.close()
            match error:
                case discord.LoginFailure():
                    raise ConfigurationError(REJECTED) from None
                case discord.HTTPException():
                    raise told("login", error) from None
                case OSError() | aiohttp.ClientError() | TimeoutError():
                    raise DiscordError("login", "unreachable", "passing", str(error)) from None
            raise
        return client

    async def call(self, method: str, path: str, json: Any = None, **parts: Any) -> Any:
        """One request; `parts` are the slots of the path. Raises `DiscordError`."""
        assert self._client is not None
        body: dict[str, Any] = {} if json is None else {"json": json}
        try:
            return await self._client.http.request(Route(method, path, **parts), timeout=_TIMEOUT, **body)
        except discord.HTTPException as error:
            raise told(f"{method} {path}", error) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DiscordError(f"{method} {path}", "unreachable", "passing", str(error)) from None

    async def insist(self, method: str, path: str, json: Any = None, **parts: Any) -> Any:
        """A request that does no harm twice, through what passes."""
        for pause in _PAUSES:
            try:
                return await self.call(method, path, json=json, **parts)
            except DiscordError as error:
                if error.kind != "passing":
                    raise
                log.info("Discord: %s; again in %s s.", error, pause)
            await asyncio.sleep(pause)
        return await self.call(method, path, json=json, **parts)

    async def attempt(self, method: str, path: str, json: Any = None, **parts: Any) -> bool:
        """A request that may come to nothing: what is only shown while waiting."""
        try:
            async with asyncio.timeout(_HASTY_SECONDS):
                await self.call(method, path, json=json, **parts)
        except (DiscordError, TimeoutError) as error:
            log.info("Discord: %s %s: %s", method, path, str(error) or "no answer in time")
            return False
        return True
