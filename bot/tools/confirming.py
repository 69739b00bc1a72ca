"""Calls with effects: shown to the asker, made once they say so, never made twice.

What waits is in Redis, what was begun in the database. A call that was begun and of which no end is written
was cut off: nobody knows what became of it, so it is told as unknown and not made again.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from bot.journal import Journal
from bot.messages import Command, Confirmation, Picture
from bot.tools.calling import Caller, plain_arguments, visible
from bot.tools.ledger import Entry, Ledger, State
from bot.tools.tool import ArgumentsError, Asker, Tool

if TYPE_CHECKING:
    from redis.asyncio import Redis

WAITS = timedelta(seconds=60)
_LATE = timedelta(minutes=10)
"""After the time was up, a press that was made in time is still carried out."""
_KEPT = timedelta(days=1)
_LONGEST = 2_500
"""Characters in which a call is shown whole."""

Find = Callable[[str], Awaitable[Tool | None]]
"""The tool of a name, where it may still be called."""
Ended = Literal[
    "done", "failed", "unknown", "declined", "before", "under_way", "expired", "not_yours", "gone"
]


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of a press."""

    ended: Ended
    told: str = ""
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True)
class _Waiting:
    tool: str
    arguments: dict[str, Any]
    asker: str
    channel: str
    until: str


class Confirming:
    """Keeps what waits for the asker's word, and carries it out."""

    def __init__(
        self, redis: "Redis", ledger: Ledger, caller: Caller, journal: Journal, prefix: str = "vocero"
    ) -> None:
        self._redis = redis
        self._ledger = ledger
        self._caller = caller
        self._journal = journal
        self._prefix = f"{prefix}:confirm"

    async def ask(
        self, tool: Tool, arguments: Mapping[str, Any], *, event: str, asker: Asker
    ) -> Confirmation:
        """Puts a call before the asker; raises `ArgumentsError`. The same call of one event waits once."""
        plain = plain_arguments(tool.check(visible(arguments)))
        text = shown(tool.name, plain)
        if len(text) > _LONGEST:
            raise ArgumentsError(f"{tool.name} is given more text than can be shown; make it shorter.")
        token = _token(event, tool.name, plain)
        until = datetime.now(UTC) + WAITS
        waiting = _Waiting(tool.name, plain, asker.person, asker.channel, until.isoformat())
        await self._redis.set(self._key(token), json.dumps(asdict(waiting)), ex=_KEPT + WAITS)
        return Confirmation(token=token, tool=tool.name, text=text, asker=asker.person, until=until)

    async def start(self, confirmation: Confirmation) -> Confirmation:
        """The asker sees it now: the time runs from here."""
        waiting = await self._waiting(confirmation.token)
        until = datetime.now(UTC) + WAITS
        if waiting is not None:
            written = json.dumps(asdict(waiting) | {"until": until.isoformat()})
            await self._redis.set(self._key(confirmation.token), written, ex=_KEPT + WAITS, xx=True)
        return confirmation.model_copy(update={"until": until})

    async def press(self, press: Command, find: Find) -> Pressed:
        """Does what was confirmed, or does not; says which."""
        token = str(press.arguments.get("token", ""))
        waiting = await self._waiting(token)
        if waiting is None:
            return Pressed("expired")
        if waiting.asker != press.author.id or waiting.channel != press.channel.key:
            return Pressed("not_yours")
        entry = await self._ledger.entry(token)
        if entry is not None:
            return await self._known(token, press, entry, waiting)
        if press.name == "decline":
            await self._begin(token, waiting, "declined")
            return Pressed("declined")
        return await self._confirmed(token, press, waiting, find)

    async def _confirmed(self, token: str, press: Command, waiting: _Waiting, find: Find) -> Pressed:
        until = datetime.fromisoformat(waiting.until)
        if press.at > until or datetime.now(UTC) > until + _LATE:
            return Pressed("expired")
        tool = await find(waiting.tool)
        if tool is None:
            return Pressed("gone")
        return await self._carry_out(token, press, tool, waiting)

    async def _known(self, token: str, press: Command, entry: Entry, waiting: _Waiting) -> Pressed:
        """What is said of a call that was begun before."""
        if entry.state == "begun":
            holder = await self._redis.get(self._running(token))
            if holder is not None and holder != press.id.encode():
                return Pressed("under_way")
            await self._end(token, waiting, "unknown", "")
            return Pressed("unknown")
        if entry.state == "done":
            return Pressed("before", entry.told)
        return Pressed(entry.state, entry.told)

    async def _carry_out(self, token: str, press: Command, tool: Tool, waiting: _Waiting) -> Pressed:
        # Who presses again meanwhile is told to wait; of one that died here this is forgotten in time.
        seconds = 2 * int(tool.timeout) + 30
        if not await self._redis.set(self._running(token), press.id, ex=seconds, nx=True):
            holder = await self._redis.get(self._running(token))
            if holder is not None and holder != press.id.encode():
                return Pressed("under_way")
        if not await self._begin(token, waiting):
            entry = await self._ledger.entry(token)
            assert entry is not None, "somebody else has begun it"
            return await self._known(token, press, entry, waiting)
        asker = Asker(waiting.asker, waiting.channel, key=token)
        called = await self._caller.call(tool, waiting.arguments, asker)
        done = called.error is None or called.error.done
        state: State = "done" if done else "unknown" if done is None else "failed"
        await self._end(token, waiting, state, called.output.text)
        await self._redis.delete(self._running(token))
        return Pressed(state, called.output.text, called.output.pictures)  # type: ignore[arg-type]

    async def _begin(self, token: str, waiting: _Waiting, state: State = "begun") -> bool:
        return await self._ledger.begin(
            token,
            waiting.tool,
            waiting.arguments,
            author=waiting.asker,
            channel=waiting.channel,
            state=state,
        )

    async def _end(self, token: str, waiting: _Waiting, state: State, told: str) -> None:
        await self._ledger.end(token, state, told)
        action = f"tool {waiting.tool}"
        await self._journal.audit(waiting.asker, action, waiting.arguments, state, channel=waiting.channel)

    async def _waiting(self, token: str) -> _Waiting | None:
        kept = await self._redis.get(self._key(token))
        return _Waiting(**json.loads(kept)) if kept else None

    def _key(self, token: str) -> str:
        return f"{self._prefix}:{token}"

    def _running(self, token: str) -> str:
        return f"{self._prefix}:running:{token}"


def shown(tool: str, arguments: Mapping[str, Any]) -> str:
    """The call, exactly: every argument as JSON, in a block that nothing in them can leave."""
    lines = [
        f"{name}: {json.dumps(value, ensure_ascii=False)}".replace("`", "\\u0060")
        for name, value in arguments.items()
        if value is not None
    ]
    return "\n".join([f"**{tool}**", "```", *lines, "```"])


def _token(event: str, tool: str, arguments: Mapping[str, Any]) -> str:
    """The same whenever the same turn asks for the same call: also the key that goes along with it."""
    call = json.dumps([event, tool, arguments], sort_keys=True)
    return hashlib.sha256(call.encode()).hexdigest()[:32]
