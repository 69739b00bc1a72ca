"""What language models have cost today, for all processes together, and what that still allows."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from redis.exceptions import RedisError

from bot.messages import Usage
from bot.model_settings import BudgetSettings, DeploymentBudgetSettings
from knowledge.models import ModelCall

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

NANO = 1_000_000_000
"""Money is counted in billionths of a dollar: whole numbers, which add up exactly."""
_KEPT = timedelta(days=40)

Level = Literal["free", "soft", "hard"]
Scope = Literal["all", "channel", "user"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the day's limits are used up."""

    level: Level
    scope: Scope
    """Whose limit it is that is used up most."""
    reset: datetime
    """When the day ends."""
    left: timedelta
    """Until then."""


@dataclass(frozen=True, slots=True)
class Day:
    """What was spent on one day."""

    usd: float
    channels: Mapping[str, float]
    """US dollars by channel."""
    users: Mapping[str, float]
    models: Mapping[str, Mapping[str, int]]
    """By model: `calls`, `input`, `cached` and `output` tokens, `nano` dollars."""


class Account:
    """The calls of models for one question, entered as each of them ends, however the turn ends."""

    def __init__(self, budget: "Budget", channel: str, user: str) -> None:
        self._budget, self._channel, self._user = budget, channel, user
        self._calls: list[ModelCall] = []
        self._entering: list[asyncio.Task[None]] = []

    def enter(self, call: ModelCall) -> None:
        """Takes a call into the books, unless it failed before it cost anything."""
        if not (call.usage.input or call.usage.output):
            return
        self._calls.append(call)
        self._entering.append(self._budget.enter(call, self._channel, self._user))

    async def close(self) -> Usage | None:
        """What the question cost, once that is in the books; None when no model was asked."""
        await asyncio.gather(*self._entering)
        return usage(self._calls)


class Budget:
    """The books of the day in Redis."""

    def __init__(
        self,
        redis: "Redis",
        settings: DeploymentBudgetSettings,
        prefix: str = "vocero",
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._redis = redis
        self._settings = settings
        self._prefix = f"{prefix}:budget"
        self._clock = clock
        self._entering: set[asyncio.Task[None]] = set()

    @property
    def cheaper(self) -> Sequence[str]:
        """The models that answer from the soft limit on."""
        return self._settings.model

    async def standing(self, channel: str, user: str, limits: BudgetSettings) -> Standing:
        """Whether a question of this person in this channel may still cost something."""
        known: tuple[tuple[Scope, str, float | None], ...] = (
            ("all", "all", self._settings.day_usd),
            ("user", f"user:{user}", self._settings.user_day_usd),
            ("channel", f"channel:{channel}", limits.day_usd),
            ("user", f"user:{user}|{channel}", limits.user_day_usd),
        )
        capped = [(scope, field, limit) for scope, field, limit in known if limit is not None]
        now = self._clock()
        reset = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        if not capped:
            return Standing("free", "all", reset, reset - now)
        spent = await self._redis.hmget(self._key(now), [field for _, field, _ in capped])
        used, scope = max(
            (_used(int(nano or 0), limit), scope)
            for nano, (scope, _, limit) in zip(spent, capped, strict=True)
        )
        level: Level = "free"
        if used >= 1:
            level = "hard"
        elif used >= self._settings.soft:
            level = "soft"
        return Standing(level, scope, reset, reset - now)

    def account(self, channel: str, user: str) -> Account:
        """The books of one question."""
        return Account(self, channel, user)

    def enter(self, call: ModelCall, channel: str, user: str) -> asyncio.Task[None]:
        """Enters a call, in a task that outlives whoever began it."""
        task = asyncio.create_task(self._enter(call, channel, user))
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)
        return task

    async def _enter(self, call: ModelCall, channel: str, user: str) -> None:
        key, used = self._key(self._clock()), call.usage
        nano = round((call.usd or 0.0) * NANO)
        amounts = dict.fromkeys(_fields(channel, user), nano) if nano else {}
        counts = {"calls": 1, "input": used.input, "cached": used.cached, "output": used.output, "nano": nano}
        amounts |= {f"model:{name}:{call.model}": count for name, count in counts.items() if count}
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for field, amount in amounts.items():
                    pipeline.hincrby(key, field, amount)
                pipeline.expire(key, _KEPT)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            # The answer is there and paid for; it is not kept back for the books.
            log.warning("A call of %s could not be entered in the budget: %s", call.model, error)

    async def today(self) -> Day:
        """What was spent so far."""
        written = await self._redis.hgetall(self._key(self._clock()))
        kept = {_text(field): int(amount) for field, amount in written.items()}
        models: dict[str, dict[str, int]] = {}
        for field, amount in kept.items():
            if field.startswith("model:"):
                _, name, spec = field.split(":", 2)
                models.setdefault(spec, {})[name] = amount
        return Day(kept.get("all", 0) / NANO, _dollars(kept, "channel"), _dollars(kept, "user"), models)

    async def aclose(self) -> None:
        """Waits for what is being entered."""
        await asyncio.gather(*self._entering)

    def _key(self, now: datetime) -> str:
        return f"{self._prefix}:{now.astimezone(UTC):%Y-%m-%d}"


def usage(calls: Sequence[ModelCall]) -> Usage | None:
    """What these calls took together; None for none."""
    if not calls:
        return None
    priced = [call.usd for call in calls if call.usd is not None]
    return Usage(
        calls=len(calls),
        tokens_in=sum(call.usage.input for call in calls),
        tokens_cached=sum(call.usage.cached for call in calls),
        tokens_out=sum(call.usage.output for call in calls),
        cost_usd=round(sum(priced), 9) if priced else None,
    )


def duration(span: timedelta) -> str:
    """`3 h 20 min`, the same in every language; never shorter than it is."""
    minutes = -(-int(span.total_seconds()) // 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _used(nano: int, limit: float) -> float:
    """The part of a limit that is used up; all of one that allows nothing."""
    return nano / (limit * NANO) if limit else 1.0


def _fields(channel: str, user: str) -> tuple[str, ...]:
    return "all", f"channel:{channel}", f"user:{user}", f"user:{user}|{channel}"


def _text(field: bytes | str) -> str:
    return field.decode() if isinstance(field, bytes) else field


def _dollars(kept: Mapping[str, int], scope: str) -> dict[str, float]:
    """Dollars by who spent them, most first; people in all channels together."""
    own = {
        field.removeprefix(f"{scope}:"): amount / NANO
        for field, amount in kept.items()
        if field.startswith(f"{scope}:") and "|" not in field
    }
    return dict(sorted(own.items(), key=lambda pair: -pair[1]))
