"""Interactions from the gateway: each gets its first response at once, then goes into the queue."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import discord
from discord import InteractionType
from discord.app_commands import Choice

from bot.admin import COMMANDS
from bot.desk import Desk
from bot.messages import Command, Feedback, Message
from bot.tools.names import PRESSES
from connectors.discord.commands import ASK, QUESTION
from connectors.discord.errors import told
from connectors.discord.forms import correction_form
from connectors.discord.inbound import Ignored, event_id
from connectors.discord.interactions import (
    UPDATING,
    author_of,
    command_name,
    given,
    hidden,
    place_of,
    read_command,
    read_press,
)
from connectors.discord.records import Records
from connectors.discord.roles import Roles

log = logging.getLogger(__name__)

_ACKNOWLEDGED = 40060
"""Another process that listens was faster: the token is as good here."""
_CHOICE, _CHOICES = 100, 25
_KNOWN_SECONDS = 10.0
"""In which it is of use how the first response went."""
_HEAD_START = 1.0
"""Seconds that queueing has before Discord is told that an answer will come; it waits for three."""
_HASTY_SECONDS = 2.0
"""For what is offered while someone types: later, Discord shows it no more."""

Queue = Callable[[Message | Command | Feedback], Awaitable[None]]


class Responder:
    """Responds to interactions."""

    def __init__(
        self,
        desk: Desk,
        roles: Roles,
        records: Records,
        *,
        queue: Queue,
        deferring: dict[str, asyncio.Task[bool]],
    ) -> None:
        """`deferring`: first responses of this process, by interaction: whether Discord may have taken it."""
        self._desk = desk
        self._roles = roles
        self._records = records
        self._queue = queue
        self._deferring = deferring

    async def respond(self, interaction: discord.Interaction) -> None:
        """To whatever it is, even where that fails."""
        try:
            await self._respond(interaction)
        except Exception:
            # Whatever it is: somebody waits, and Discord does not deliver it again.
            log.exception("Discord: the interaction %s could not be taken.", interaction.id)
            await self._desk.count("interaction_failed")
            await self._apologise(interaction)

    async def _respond(self, interaction: discord.Interaction) -> None:
        if not self._roles.serves(interaction.guild_id):
            await self._refuse(interaction, "server_not_served", "refused_server")
            return
        match interaction.type:
            case InteractionType.autocomplete:
                await self._complete(interaction)
            case InteractionType.application_command:
                await self._command(interaction)
            case InteractionType.component | InteractionType.modal_submit:
                await self._press(interaction)
            case _:
                await self._desk.count("unknown_interaction")

    async def _command(self, interaction: discord.Interaction) -> None:
        event = read_command(interaction, ())
        if isinstance(event, Ignored):
            name = str(dict(interaction.data or {}).get("name"))
            await self._refuse(interaction, event.reason, "unknown_command", command=name)
            return
        await self._take(interaction, event, lambda: self._defer(interaction, ephemeral=hidden(interaction)))

    async def _press(self, interaction: discord.Interaction) -> None:
        event = read_press(interaction, ())
        if isinstance(event, Ignored):
            await self._refuse(interaction, event.reason, "answer_unknown")
            return
        if (
            isinstance(event, Feedback)
            and not event.helpful
            and interaction.type is InteractionType.component
        ):
            phrases = await self._desk.phrases_in(event.channel)
            form = correction_form(event.answer, phrases)
            await self._first(interaction, lambda: interaction.response.send_modal(form))
            return
        # What these do shows by itself, or for all: an answer that nobody else sees is not promised.
        updating = isinstance(event, Command) and event.name in UPDATING | PRESSES
        await self._take(
            interaction, event, lambda: self._defer(interaction, ephemeral=True, thinking=not updating)
        )

    async def _take(
        self,
        interaction: discord.Interaction,
        event: Message | Command | Feedback,
        defer: Callable[[], Awaitable[bool]],
    ) -> None:
        """Queues, then defers; a queue that is slow is not waited for, because Discord does not wait."""
        key = str(interaction.id)
        queueing = asyncio.create_task(self._prepared(interaction, event))

        async def deferred() -> bool:
            # What is promised should be safe: the gateway does not deliver it again.
            await asyncio.wait([queueing], timeout=_HEAD_START)
            return await defer()

        deferring = self._deferring[key] = asyncio.create_task(deferred())
        try:
            await asyncio.wait([deferring, queueing])
            await asyncio.gather(deferring, queueing)
        finally:
            asyncio.get_running_loop().call_later(_KNOWN_SECONDS, self._deferring.pop, key, None)

    async def _prepared(self, interaction: discord.Interaction, event: Message | Command | Feedback) -> None:
        author = author_of(interaction, await self._groups(interaction))
        thread = await self._thread(interaction, event)
        await self._queue(event.model_copy(update={"author": author, "thread": thread}))

    async def _thread(self, interaction: discord.Interaction, event: Message | Command | Feedback) -> str:
        """The bot's thread that it goes on in, where that is on record."""
        kept = None
        if isinstance(event, Command) and event.name in PRESSES and interaction.message is not None:
            kept = await self._records.thread_of(str(interaction.message.id))
        elif isinstance(event, Message) and isinstance(interaction.channel, discord.Thread):
            kept = await self._records.thread_of(str(interaction.channel.id))
        return kept or event.thread

    async def _groups(self, interaction: discord.Interaction) -> tuple[str, ...]:
        guilds = interaction.client.guilds
        if interaction.guild_id is None:
            return await self._roles.elsewhere(interaction.user.id, guilds)
        return self._roles.of(interaction.user, guilds)

    async def _defer(
        self, interaction: discord.Interaction, *, ephemeral: bool, thinking: bool = True
    ) -> bool:
        return await self._first(
            interaction, lambda: interaction.response.defer(ephemeral=ephemeral, thinking=thinking)
        )

    async def _complete(self, interaction: discord.Interaction) -> None:
        """Values for the option that is being typed; none, where that takes too long or fails."""
        found: list[str] = []
        try:
            async with asyncio.timeout(_HASTY_SECONDS):
                found = await self._suggested(interaction)
        except Exception as error:
            # Whatever it is: typing goes on without suggestions.
            log.warning("Discord: nothing is suggested: %s", error or type(error).__name__)
        fit = list(dict.fromkeys(one for one in found if 0 < len(one) <= _CHOICE))[:_CHOICES]
        choices = [Choice(name=one, value=one) for one in fit]
        await self._first(interaction, lambda: interaction.response.autocomplete(choices))

    async def _suggested(self, interaction: discord.Interaction) -> list[str]:
        asked = given(interaction.data or {})
        typed = str(asked.options.get(asked.focused or "") or "")
        if asked.name == ASK and asked.focused == QUESTION:
            author = author_of(interaction, await self._groups(interaction))
            return await self._desk.suggest(typed, author, place_of(interaction), _CHOICES)
        command = COMMANDS.get(command_name(asked))
        parameter = command.parameter(asked.focused or "") if command else None
        if parameter is not None and parameter.completes:
            return await self._desk.complete(
                parameter.completes,
                typed,
                _CHOICES,
                asked.options,
                parameter=parameter.name,
                channel=place_of(interaction),
            )
        return []

    async def _apologise(self, interaction: discord.Interaction) -> None:
        if interaction.type is InteractionType.autocomplete:
            return
        turn = event_id(interaction.guild_id, interaction.channel_id or 0, interaction.id)
        text = self._desk.phrases().render("apology", turn=turn)
        if interaction.response.is_done():
            await self._first(interaction, lambda: interaction.followup.send(text, ephemeral=True))
        else:
            await self._first(interaction, lambda: interaction.response.send_message(text, ephemeral=True))

    async def _refuse(self, interaction: discord.Interaction, reason: str, key: str, **values: str) -> None:
        """Says why nothing happens, to whom it concerns alone."""
        log.info("Discord: the interaction %s is not carried out: %s", interaction.id, reason)
        await self._desk.count(reason)
        if interaction.type is InteractionType.autocomplete:
            await self._first(interaction, lambda: interaction.response.autocomplete([]))
            return
        said = (await self._desk.phrases_in(place_of(interaction))).render(key, **values)
        await self._first(interaction, lambda: interaction.response.send_message(said, ephemeral=True))

    async def _first(self, interaction: discord.Interaction, respond: Callable[[], Awaitable[Any]]) -> bool:
        """The first response; where Discord does not take it, the answer goes the way that is left.

        Whether it may have been taken.
        """
        try:
            await respond()
        except discord.HTTPException as error:
            if error.code == _ACKNOWLEDGED:
                return True
            problem = told("respond", error)
            log.warning("Discord: the interaction %s was not responded to: %s", interaction.id, problem)
            await self._desk.count(problem.reason)
            return problem.kind == "passing"
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            # It was taken; only what Discord says of it reads otherwise than the SDK expects.
            log.debug("Discord: the response to %s is not understood: %r", interaction.id, error)
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            log.warning("Discord: the interaction %s was not responded to: %s", interaction.id, error)
            await self._desk.count("unreachable")
        return True
