"""Discord's limit of posts, edits and typing in a channel, kept for all processes: five in five seconds.

The SDK counts for one process, and learns of the others' share by being refused, which holds everybody up.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Literal
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

Kind = Literal["post", "edit", "typing"]

_LIMIT, _SECONDS = 5, 5.1
"""So many in any so many seconds; a little more than Discord's, for what is on its way."""
_KEPT_BACK = 1
"""Of these, for the end of an answer."""

# Times are Redis's own: the processes' clocks may differ, and Redis's may be set back. The list holds when
# the last ones were made, newest first. Nothing is set aside for who waits: by then they may be gone.
_SCRIPT = """
local made, waited = KEYS[1], KEYS[2]
local limit, seconds, place, how = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
if tonumber(redis.call('LINDEX', made, 0) or 0) > now then redis.call('DEL', made) end
local wait = tonumber(redis.call('LINDEX', made, place - 1) or 0) + seconds - now
if how == 'spare' then
  local till = tonumber(redis.call('GET', waited) or 0)
  if wait > 0 or (till > now and till <= now + 2 * seconds) then return '-1' end
elseif wait > 0 then
  local till = string.format('%.6f', now + wait + 0.1 * seconds)
  redis.call('SET', waited, till, 'PX', math.ceil(2000 * seconds))
  return string.format('%.6f', wait)
end
redis.call('LPUSH', made, string.format('%.6f', now))
redis.call('LTRIM', made, 0, limit - 1)
redis.call('PEXPIRE', made, math.ceil(1000 * seconds))
return '0'
"""


class Pace:
    """Says when the next post or edit in a channel may be made."""

    def __init__(self, redis: "Redis", prefix: str = "vocero") -> None:
        self._script: Any = redis.register_script(_SCRIPT)
        self._root = f"{prefix}:discord:pace"
        self._lines: WeakValueDictionary[tuple[Kind, str], asyncio.Lock] = WeakValueDictionary()
        """Of those in this process who wait."""

    async def turn(self, kind: Kind, channel: str) -> None:
        """Waits for what must be done; in this process, whoever came first is first."""
        line = self._lines.setdefault((kind, channel), asyncio.Lock())
        async with line:
            # Other processes can set no event here.
            while (seconds := await self._take(kind, channel, _LIMIT, "must")) > 0:  # noqa: ASYNC110
                await asyncio.sleep(seconds)

    async def spare(self, kind: Kind, channel: str, *, begins: bool = False) -> bool:
        """Whether there is room now for what is only worth a try; it is taken.

        `begins`: the first words of an answer, for which nothing is kept back.
        """
        place = _LIMIT if begins else _LIMIT - _KEPT_BACK
        return await self._take(kind, channel, place, "spare") >= 0

    async def _take(self, kind: Kind, channel: str, place: int, how: str) -> float:
        try:
            key = f"{self._root}:{kind}:{channel}"
            return float(await self._script(keys=[key, f"{key}:waited"], args=[_LIMIT, _SECONDS, place, how]))
        except Exception as error:
            # Whatever the client of Redis raises: better a refusal by Discord than no answer.
            log.warning("Discord: the pace in %s is not known: %s", channel, error)
            return 0.0
