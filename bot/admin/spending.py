"""The command about what language models cost: `budget`."""

from bot.admin.steps import Done, Steps
from bot.budget import NANO, Budget
from bot.channels import Channels
from bot.framing import budget_reason
from bot.messages import Command
from bot.settings import Settings
from bot.voice import Voice


class SpendingCommands:
    """What was spent today, and what is left of it."""

    def __init__(self, settings: Settings, channels: Channels, budget: Budget) -> None:
        self._settings = settings
        self._channels = channels
        self._budget = budget

    async def budget(self, command: Command, voice: Voice) -> Steps:
        """The day's spending: of all, of this channel, and by model."""
        day = await self._budget.today()
        channel = await self._channels.of(command.channel)
        here = day.channels.get(command.channel.key, 0.0)
        limits = {"all": self._settings.budget.day_usd, "channel": channel.budget.day_usd}
        lines = [
            f"- {voice.say('budget_all')}: {_of(day.usd, limits['all'])}",
            f"- {voice.say('budget_channel')}: {_of(here, limits['channel'])}",
        ]
        for model, counts in sorted(day.models.items()):
            told = {name: counts.get(name, 0) for name in ("calls", "input", "cached", "output")}
            usd = _usd(counts.get("nano", 0) / NANO)
            lines.append("- " + voice.say("budget_model", model=model, usd=usd, **told))
        standing = await self._budget.standing(command.channel.key, command.author.id, channel.budget)
        if standing.level != "free":
            lines.append(f"\n{budget_reason(standing, voice)}")
        data = {
            "usd": day.usd,
            "limits": limits,
            "channel_usd": here,
            "channels": dict(day.channels),
            "users": dict(day.users),
            "models": {model: dict(counts) for model, counts in day.models.items()},
            "level": standing.level,
            "reset": standing.reset.isoformat(),
        }
        yield Done(f"**{voice.say('budget_title')}**\n\n" + "\n".join(lines), data)


def _of(usd: float, limit: float | None) -> str:
    return _usd(usd) if limit is None else f"{_usd(usd)} / {_usd(limit)}"


def _usd(usd: float) -> str:
    return f"{usd:.4f} USD" if usd < 1 else f"{usd:.2f} USD"
