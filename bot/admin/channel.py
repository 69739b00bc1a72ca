"""Commands about the channel they are given in: `channel show`, `channel set`, `channel reset`."""

from typing import get_args

from bot.admin.registry import SETTINGS
from bot.admin.steps import Done, Steps, refused
from bot.channels import Channels
from bot.messages import Command
from bot.settings import FollowUps, ResolvedChannel, Settings
from bot.voice import Voice, Voices

_NOTHING = frozenset("none nothing ninguna ninguno nada nenhuma nenhum -".split())


class ChannelCommands:
    """What admins choose for a channel, without touching files."""

    def __init__(self, settings: Settings, channels: Channels, voices: Voices) -> None:
        self._settings = settings
        self._channels = channels
        self._voices = voices

    async def show(self, command: Command, voice: Voice) -> Steps:
        """What holds here, and where it comes from."""
        resolved = await self._channels.of(command.channel)
        chosen = await self._channels.choices(command.channel)
        values = self._values(resolved, voice)
        lines = []
        for setting in SETTINGS:
            mark = f" ({voice.say('channel_settings_chosen')})" if setting in chosen else ""
            lines.append(f"- {voice.say(f'channel_settings_{setting}')}: {values[setting]}{mark}")
        if resolved.escalate_to:
            lines.append(f"- {voice.say('channel_settings_escalate_to')}: {resolved.escalate_to}")
        if resolved.locked:
            lines.append(voice.say("channel_settings_locked", channel=_shown(command)))
        data = {
            "channel": command.channel.key,
            "persona": resolved.persona,
            "sources": sorted(resolved.sources),
            "tools": sorted(resolved.tools),
            "follow_ups": resolved.follow_ups,
            "locked": resolved.locked,
            "chosen": {setting: choice.value for setting, choice in chosen.items()},
        }
        yield Done("\n".join(lines), data)

    async def set(self, command: Command, voice: Voice) -> Steps:
        """Chooses one setting for this channel."""
        setting, written = command.arguments["setting"], str(command.arguments["value"]).strip()
        if (await self._channels.of(command.channel)).locked:
            yield refused(voice.say("channel_settings_locked", channel=_shown(command)), "locked")
            return
        names = [name for name in written.replace(",", " ").split() if name.casefold() not in _NOTHING]
        value: str | list[str] = list(dict.fromkeys(names)) if setting in ("sources", "tools") else written
        wrong = self._wrong(command, setting, value, voice)
        if wrong is not None:
            yield wrong
            return
        await self._channels.choose(command.channel, setting, value, command.author.id)
        async for step in self._saved(command, voice):
            yield step

    async def reset(self, command: Command, voice: Voice) -> Steps:
        """Goes back to what the file says, in one setting or in all."""
        if (await self._channels.of(command.channel)).locked:
            yield refused(voice.say("channel_settings_locked", channel=_shown(command)), "locked")
            return
        await self._channels.reset(command.channel, command.arguments.get("setting"))
        async for step in self._saved(command, voice):
            yield step

    async def _saved(self, command: Command, voice: Voice) -> Steps:
        async for step in self.show(command, voice):
            assert isinstance(step, Done)
            saved = voice.say("channel_settings_saved", channel=_shown(command))
            yield Done(f"{saved}\n{step.text}", step.data)

    def _wrong(self, command: Command, setting: str, value: str | list[str], voice: Voice) -> Done | None:
        """Why a value cannot be chosen here, if so."""
        known = {
            "persona": self._voices.names,
            "sources": [source.name for source in self._settings.sources],
            "tools": [tool.name for tool in self._settings.tools],
            "follow_ups": list(get_args(FollowUps)),
        }[setting]
        for name in [value] if isinstance(value, str) else value:
            if name not in known:
                choices = ", ".join(f"`{one}`" for one in known) or voice.say("status_none")
                told = voice.say("bad_choice", value=name, argument=setting, choices=choices)
                return refused(told, "bad_argument")
            if setting == "sources" and not self._channels.may_read(command.channel, name):
                told = voice.say("source_not_for_channel", source=name, channel=_shown(command))
                return refused(told, "not_allowed")
        return None

    def _values(self, resolved: ResolvedChannel, voice: Voice) -> dict[str, str]:
        def listed(names: frozenset[str]) -> str:
            return ", ".join(f"`{name}`" for name in sorted(names)) or voice.say("status_none")

        return {
            "persona": f"`{self._voices.persona(resolved).name}`",
            "sources": listed(resolved.sources),
            "tools": listed(resolved.tools),
            "follow_ups": f"`{resolved.follow_ups}`",
        }


def _shown(command: Command) -> str:
    """The channel as people call it."""
    return f"#{command.channel.name}" if command.channel.name else command.channel.id
