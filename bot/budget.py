"""What language models have cost today, for all processes together, and what that still allows."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from redis.exceptions import RedisError

from bot.messages import Usage
from bot.model_settings import BudgetSettings, DeploymentBudgetSettings
from bot.reserving import Reservations
from knowledge.models import ModelCall, Price, price_of
from knowledge.models import Usage as Tokens

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

NANO = 1_000_000_000
"""Money is counted in billionths of a dollar: whole numbers, which add up exactly."""
_KEPT = timedelta(days=40)
_UNKNOWN = Tokens(input=4_000, output=500)
"""What a turn is taken to need with a model that has answered none yet."""
_PATIENCE, _LOOK = 60.0, 0.1
"""Seconds that a question waits for turns under way which may use up what is left, and between looks."""

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

    def __init__(
        self, budget: "Budget", turn: str, channel: str, user: str, *, models: Sequence[str]
    ) -> None:
        self._budget, self._turn, self._channel, self._user = budget, turn, channel, user
        self.models = models
        """Who may answer."""
        self._calls: list[ModelCall] = []
        self._entering: list[asyncio.Task[None]] = []
        self._released = False

    def enter(self, call: ModelCall) -> None:
        """Takes a call into the books, unless it failed before it cost anything."""
        if not (call.usage.input or call.usage.output):
            return
        self._calls.append(call)
        self._entering.append(self._budget.enter(call, self._channel, self._user, self._turn))

    async def close(self) -> Usage | None:
        """What the question cost, once that is in the books; None when no model was asked."""
        await asyncio.gather(*self._entering)
        self.release()
        await asyncio.gather(*self._entering)
        return usage(self._calls)

    def release(self) -> None:
        """What was set aside for the question and not spent is free; more than once does no harm."""
        if self.models and not self._released:
            self._released = True
            spec = self.models[0] if self._calls else None
            self._entering.append(self._budget.release(self._turn, spec, _nano(self._calls)))


class Budget:
    """The books of the day in Redis."""

    def __init__(
        self,
        redis: "Redis",
        settings: DeploymentBudgetSettings,
        prices: Mapping[str, Price] | None = None,
        prefix: str = "vocero",
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        patience: float = _PATIENCE,
    ) -> None:
        """`prices`: by glob over `provider:model`."""
        self._redis = redis
        self._prices = prices or {}
        self._patience = patience
        self._settings = settings
        self._prefix = f"{prefix}:budget"
        self._clock = clock
        self._entering: set[asyncio.Task[None]] = set()
        self._reservations = Reservations(redis, self._prefix)

    async def open(
        self, turn: str, channel: str, user: str, limits: BudgetSettings, models: Sequence[str]
    ) -> Account | Standing:
        """The books of a question with what it may cost set aside; where a limit is used up, how that stands.

        From the soft limit on the cheaper models answer. Where turns under way may use up the rest of a
        limit, it waits for them.
        """
        capped = self._capped(channel, user, limits)
        cheaper = self._settings.model or models
        if not capped or not models:
            return Account(self, turn, channel, user, models=models)
        most = {field: round(limit * NANO) for field, (_, limit) in capped.items()}
        usual, less = await self._estimate(models), await self._estimate(cheaper)
        until = asyncio.get_running_loop().time() + self._patience
        while True:
            now = self._clock()
            reserved = await self._reservations.reserve(
                turn, self._key(now), most, soft=self._settings.soft, usual=usual, cheaper=less
            )
            if reserved.state in ("free", "soft"):
                chosen = cheaper if reserved.state == "soft" else models
                return Account(self, turn, channel, user, models=chosen)
            if reserved.state == "hard" or asyncio.get_running_loop().time() >= until:
                scope, _ = list(capped.values())[reserved.place]
                return Standing("hard", scope, reset := _midnight(now), reset - now)
            await asyncio.sleep(_LOOK)

    async def _estimate(self, specs: Sequence[str]) -> int:
        """What a turn may cost, whichever of these models answers, in billionths of a dollar."""
        known = await self._reservations.dearest(specs)
        return max(self._unknown(spec) if nano is None else nano for spec, nano in known.items())

    def _unknown(self, spec: str) -> int:
        price = price_of(spec, self._prices)
        return round(price.of(_UNKNOWN) * NANO) if price else 0

    def _capped(self, channel: str, user: str, limits: BudgetSettings) -> dict[str, tuple[Scope, float]]:
        """The limits that hold for a person in a channel, by the field of the books that they are for."""
        known: tuple[tuple[str, Scope, float | None], ...] = (
            ("all", "all", self._settings.day_usd),
            (f"user:{user}", "user", self._settings.user_day_usd),
            (f"channel:{channel}", "channel", limits.day_usd),
            (f"user:{user}|{channel}", "user", limits.user_day_usd),
        )
        return {field: (scope, limit) for field, scope, limit in known if limit is not None}

    async def standing(self, channel: str, user: str, limits: BudgetSettings) -> Standing:
        """Whether a question of this person in this channel may still cost something."""
        capped = self._capped(channel, user, limits)
        now = self._clock()
        reset = _midnight(now)
        if not capped:
            return Standing("free", "all", reset, reset - now)
        spent = await self._redis.hmget(self._key(now), list(capped))
        used, scope = max(
            (_used(int(nano or 0), limit), scope)
            for nano, (scope, limit) in zip(spent, capped.values(), strict=True)
        )
        level: Level = "free"
        if used >= 1:
            level = "hard"
        elif used >= self._settings.soft:
            level = "soft"
        return Standing(level, scope, reset, reset - now)

    def enter(self, call: ModelCall, channel: str, user: str, turn: str = "") -> asyncio.Task[None]:
        """Enters a call, in a task that outlives whoever began it."""
        return self._begin(self._enter(call, channel, user, turn))

    def release(self, turn: str, spec: str | None, nano: int) -> asyncio.Task[None]:
        """Frees what was set aside for a turn that cost so much with a model, likewise."""
        return self._begin(self._release(turn, spec, nano))

    def _begin(self, entering: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(entering)
        self._entering.add(task)
        task.add_done_callback(self._entering.discard)
        return task

    async def _enter(self, call: ModelCall, channel: str, user: str, turn: str) -> None:
        key, used, nano = self._key(self._clock()), call.usage, _nano([call])
        amounts = dict.fromkeys(_fields(channel, user), nano) if nano else {}
        counts = {"calls": 1, "input": used.input, "cached": used.cached, "output": used.output, "nano": nano}
        amounts |= {f"model:{name}:{call.model}": count for name, count in counts.items() if count}
        try:
            async with self._redis.pipeline(transaction=True) as pipeline:
                for field, amount in amounts.items():
                    pipeline.hincrby(key, field, amount)
                pipeline.expire(key, _KEPT)
                await self._reservations.pay(turn, nano, pipeline)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            # The answer is there and paid for; it is not kept back for the books.
            log.warning("A call of %s could not be entered in the budget: %s", call.model, error)

    async def _release(self, turn: str, spec: str | None, nano: int) -> None:
        try:
            await self._reservations.release(turn, spec, nano)
        except (RedisError, OSError) as error:
            log.warning("What was set aside for %s stays so for some minutes: %s", turn, error)

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


def _nano(calls: Sequence[ModelCall]) -> int:
    """What calls cost, in billionths of a dollar."""
    return sum(round((call.usd or 0.0) * NANO) for call in calls)


def _midnight(now: datetime) -> datetime:
    """When the day ends."""
    return datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)


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
