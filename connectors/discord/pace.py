"""Discord's limit of posts and of edits in a channel, kept by all processes together: five in five seconds.

The SDK counts for one process, and learns of the others' share by being refused, which holds everybody up.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger(__name__)

Kind = Literal["post", "edit"]

_LIMIT, _SECONDS = 5, 5.1
"""So many in any so many seconds; a little more than Discord's, for what is on its way."""
_KEPT_BACK = 1
"""Of these, for the end of an answer."""

# Times are Redis's own: the processes' clocks may differ. The list holds the last ones taken, newest first.
_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local limit, seconds, place = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local earlier = redis.call('LINDEX', KEYS[1], place - 1)
local at = math.max(now, tonumber(earlier or 0) + seconds)
if ARGV[4] == 'spare' then
  local newest = redis.call('LINDEX', KEYS[1], 0)
  if at > now or tonumber(newest or 0) > now then return '-1' end
end
redis.call('LPUSH', KEYS[1], string.format('%.6f', at))
redis.call('LTRIM', KEYS[1], 0, limit - 1)
redis.call('PEXPIRE', KEYS[1], math.ceil((at - now + seconds) * 1000))
return string.format('%.6f', at - now)
"""


class Pace:
    """Says when the next post or edit in a channel may be made."""

    def __init__(self, redis: "Redis", prefix: str = "vocero") -> None:
        self._script: Any = redis.register_script(_SCRIPT)
        self._root = f"{prefix}:discord:pace"

    async def turn(self, kind: Kind, channel: str) -> None:
        """Waits for what must be done."""
        await asyncio.sleep(await self._take(kind, channel, _LIMIT, "must"))

    async def spare(self, kind: Kind, channel: str, *, begins: bool = False) -> bool:
        """Whether there is room now for what is only worth a try; it is taken.

        `begins`: the first words of an answer, for which nothing is kept back.
        """
        place = _LIMIT if begins else _LIMIT - _KEPT_BACK
        return await self._take(kind, channel, place, "spare") >= 0

    async def _take(self, kind: Kind, channel: str, place: int, how: str) -> float:
        try:
            key = f"{self._root}:{kind}:{channel}"
            return float(await self._script(keys=[key], args=[_LIMIT, _SECONDS, place, how]))
        except Exception as error:
            # Whatever the client of Redis raises: better a refusal by Discord than no answer.
            log.warning("Discord: the pace in %s is not known: %s", channel, error)
            return 0.0
