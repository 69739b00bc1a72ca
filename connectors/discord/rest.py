"""Requests to Discord's REST interface, by the SDK's own client and so within its rate limits."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from json import dumps
from typing import Any

import aiohttp
import discord
from discord.http import Route

from bot.errors import ConfigurationError
from bot.messages import Picture
from connectors.discord.errors import DiscordError, told
from connectors.discord.limits import withstand

log = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=20)
"""Of one try; the SDK's waiting for a rate limit is not counted."""
_HASTY_SECONDS = 5
_ALT = 1_024
_PAUSES = (0.5, 1.0, 2.0, 4.0)
"""Between the tries of a request that failed in passing."""
_LONGEST = 60.0
"""That Discord is waited for; the SDK itself obeys every other kind of 429."""
REJECTED = "Discord does not accept `DISCORD_TOKEN`: copy the bot's token from the developer portal again."

Files = Sequence[Picture]


def _form(json: Any, files: Files) -> list[dict[str, Any]]:
    """A request with files, as Discord takes it: the rest of it beside them."""
    described = [
        {"id": at, "filename": one.name, "description": one.alt[:_ALT]} for at, one in enumerate(files)
    ]
    payload = {"name": "payload_json", "value": dumps(json | {"attachments": described})}
    return [payload] + [
        {"name": f"files[{at}]", "value": one.content, "filename": one.name, "content_type": one.media_type}
        for at, one in enumerate(files)
    ]


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
        withstand(client)
        return client

    async def call(self, method: str, path: str, json: Any = None, files: Files = (), **parts: Any) -> Any:
        """One request; `parts` are the slots of the path. Raises `DiscordError`."""
        assert self._client is not None
        http = self._client.http
        body: dict[str, Any] = {} if json is None else {"json": json}
        if files:
            body = {"form": _form(json, files)}
        try:
            # A task of its own, so that its end is known to those who wait for the limit that it met.
            request = http.request(Route(method, path, **parts), timeout=_TIMEOUT, **body)
            return await asyncio.create_task(request)
        except discord.HTTPException as error:
            raise told(f"{method} {path}", error) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise DiscordError(f"{method} {path}", "unreachable", "passing", str(error)) from None

    async def insist(self, method: str, path: str, json: Any = None, files: Files = (), **parts: Any) -> Any:
        """A request that does no harm twice, through what passes."""
        for pause in _PAUSES:
            try:
                return await self.call(method, path, json=json, files=files, **parts)
            except DiscordError as error:
                if error.kind != "passing":
                    raise
                if error.retry_after > _LONGEST:
                    raise  # the queue tries again
                wait = max(pause, error.retry_after)
                log.info("Discord: %s; again in %s s.", error, wait)
            await asyncio.sleep(wait)
        return await self.call(method, path, json=json, files=files, **parts)

    async def attempt(self, method: str, path: str, json: Any = None, **parts: Any) -> DiscordError | None:
        """A request that may come to nothing, and why it does: what is only shown while waiting."""
        try:
            async with asyncio.timeout(_HASTY_SECONDS):
                await self.call(method, path, json=json, **parts)
        except TimeoutError:
            problem = DiscordError(f"{method} {path}", "unreachable", "passing", "no answer in time")
        except DiscordError as error:
            problem = error
        else:
            return None
        log.info("Discord: %s", problem)
        return problem
