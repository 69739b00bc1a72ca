"""Which roles someone has, as the access lists name them: the counterpart of membership in channels."""

import asyncio
import logging
import time
from collections.abc import Sequence

import discord

from bot.settings import Settings
from connectors.discord.errors import DiscordError
from connectors.discord.rest import Rest

log = logging.getLogger(__name__)

_PREFIX = "discord:role:"
_SECONDS = 2.0
"""For asking Discord: a question waits no longer for it."""
_KEPT = 300.0
_SERVERS = 5
"""That are asked at most: a bot in more of them is not one company's."""


class Roles:
    """The roles of people, by id; by name, too, where no other server can have a role of that name."""

    def __init__(self, settings: Settings, rest: Rest) -> None:
        self._servers = frozenset(settings.discord.servers)
        named = any(entry.startswith(_PREFIX) for entry in settings.named)
        # The threads of a closed channel are for the roles that see it.
        self._matter = named or any(source.kind == "discord" for source in settings.sources)
        self._rest = rest
        self._known: dict[int, tuple[float, tuple[str, ...]]] = {}

    def serves(self, guild: int | None) -> bool:
        """Whether the bot answers in a server; where nobody else's people are, it always does."""
        return guild is None or not self._servers or str(guild) in self._servers

    def of(self, member: discord.User | discord.Member, guilds: Sequence[discord.Guild]) -> tuple[str, ...]:
        """Of someone in a server. `guilds`: those that the bot is in."""
        if not isinstance(member, discord.Member):
            return ()
        return self._named([role for role in member.roles if not role.is_default()], member.guild, guilds)

    async def elsewhere(self, person: int, guilds: Sequence[discord.Guild]) -> tuple[str, ...]:
        """Of someone in a direct conversation, where Discord does not tell: those in the bot's servers."""
        if not self._matter:
            return ()
        asked, roles = self._known.get(person, (0.0, ()))
        if time.monotonic() - asked < _KEPT and asked:
            return roles
        found: list[str] = []
        try:
            async with asyncio.timeout(_SECONDS):
                for guild in [one for one in guilds if self.serves(one.id)][:_SERVERS]:
                    found += await self._in(guild, person, guilds)
        except (DiscordError, TimeoutError) as error:
            log.warning("Discord does not tell the roles of %s: %s", person, error or "no answer in time")
            return tuple(found)
        self._known = {one: kept for one, kept in self._known.items() if time.monotonic() - kept[0] < _KEPT}
        self._known[person] = time.monotonic(), tuple(found)
        return tuple(found)

    async def _in(
        self, guild: discord.Guild, person: int, guilds: Sequence[discord.Guild]
    ) -> tuple[str, ...]:
        try:
            member = await self._rest.call(
                "GET", "/guilds/{guild_id}/members/{user_id}", guild_id=guild.id, user_id=person
            )
        except DiscordError as error:
            if error.kind != "no_place":
                raise
            return ()  # they are not there
        roles = (guild.get_role(int(id_)) for id_ in member.get("roles") or ())
        return self._named([role for role in roles if role is not None], guild, guilds)

    def _named(
        self, roles: Sequence[discord.Role], guild: discord.Guild, guilds: Sequence[discord.Guild]
    ) -> tuple[str, ...]:
        """A name counts in the servers that are configured, or in the only one.

        Whoever adds the bot to a server of their own can call a role there as they like.
        """
        only = not self._servers and {one.id for one in guilds} <= {guild.id}
        own = only or str(guild.id) in self._servers
        return tuple(
            f"{_PREFIX}{one}" for role in roles for one in ((role.name, role.id) if own else (role.id,))
        )
