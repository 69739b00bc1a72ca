"""Slack's tiers, kept by all processes together: so many calls of a method in a minute.

A call that is only worth a try is left out when no room is left, and room is kept for those that follow it.
A call that must arrive waits a moment for room; where that is far off, Slack is asked all the same, and is
obeyed when it wants a pause.
"""

import logging
import secrets
from typing import Any

log = logging.getLogger(__name__)

_A_MINUTE = {
    "chat.startStream": 20,
    "chat.stopStream": 20,
    "chat.appendStream": 100,
    "chat.update": 50,
    "assistant.threads.setStatus": 100,
    "agents.sessions.setStatus": 50,
}
_KEPT_BACK = {"chat.update": 0.4}
"""Of a minute's calls, for those that must arrive and that nobody foresees."""
_MINUTE = 61.0
"""Seconds in which calls are counted: they arrive less evenly than they are made."""
_PROMISED = 300.0
"""Seconds for which room is kept."""
_PATIENCE = 15.0
"""Seconds that a call which must arrive waits for room."""

# Times are Redis's own: the processes' clocks may differ.
_SCRIPT = """
local made, promised, pause = KEYS[1], KEYS[2], KEYS[3]
local operation, name, key, limit = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local minute, patience, kept = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local answer = 0
if operation == 'pause' then
  redis.call('SET', pause, '1', 'PX', math.ceil(limit * 1000) + 1)
  return '0'
end
redis.call('ZREMRANGEBYSCORE', made, '-inf', now - minute)
redis.call('ZREMRANGEBYSCORE', promised, '-inf', now)
if operation == 'spend' then
  local at = now
  redis.call('ZREM', promised, key)
  if redis.call('ZCARD', made) >= limit then
    local before = redis.call('ZRANGE', made, -limit, -limit, 'WITHSCORES')
    at = math.max(now, before[2] + minute)
  end
  if at - now > patience then at = now end
  redis.call('ZADD', made, string.format('%.6f', at), name)
  answer = at - now
else
  local wanted = (name ~= '' and 1 or 0) + (key ~= '' and 1 or 0)
  local taken = redis.call('ZCARD', made) + redis.call('ZCARD', promised)
  if redis.call('EXISTS', pause) == 0 and taken + wanted <= limit then
    if name ~= '' then redis.call('ZADD', made, string.format('%.6f', now), name) end
    if key ~= '' then redis.call('ZADD', promised, string.format('%.6f', now + kept), key) end
    answer = 1
  end
end
redis.call('PEXPIRE', made, 600000)
redis.call('PEXPIRE', promised, 600000)
return string.format('%.6f', answer)
"""


class Tiers:
    """The minute's calls of one workspace."""

    def __init__(self, redis: Any, workspace: str) -> None:
        """`redis`: the shared state's client. `workspace`: a name that all processes give it."""
        self._script = redis.register_script(_SCRIPT)
        self._root = f"vocero:slack:{workspace}"

    async def spare(self, method: str, *, then: str = "") -> bool:
        """Whether there is room for a call that is only worth a try; it is taken.

        `then`: a key, for which room is kept for the one more call that is to follow it.
        """
        limit = _A_MINUTE.get(method, 0) * (1 - _KEPT_BACK.get(method, 0.0))
        return bool(await self._call(method, "spare", 1.0, name=_name(), key=then, limit=limit))

    async def promise(self, method: str, key: str, *, surely: bool = False) -> bool:
        """Whether there is room for a call that is to come; it is kept. `surely`: it comes in any case."""
        limit = float("inf") if surely else float(_A_MINUTE.get(method, 0))
        return bool(await self._call(method, "spare", 1.0, key=key, limit=limit))

    async def spend(self, method: str, key: str = "") -> float:
        """Notes a call that must be made; gives the seconds to wait before. `key`: of its promise."""
        limit = _A_MINUTE.get(method, 0)
        return await self._call(method, "spend", 0.0, name=_name(), key=key, limit=limit)

    async def exhausted(self, method: str, seconds: float) -> None:
        """Slack wants no calls of this method for a while."""
        await self._call(method, "pause", 0.0, limit=seconds)

    async def _call(
        self, method: str, operation: str, unknown: float, *, limit: float, name: str = "", key: str = ""
    ) -> float:
        """What the script says; `unknown` for a method without a tier, and where Redis says nothing."""
        if method not in _A_MINUTE:
            return unknown
        keys = [f"{self._root}:{part}:{method}" for part in ("made", "promised", "pause")]
        shown = f"{min(limit, 1e9):.6f}" if operation == "pause" else str(int(min(limit, 1e9)))
        arguments = (operation, name, key, shown, _MINUTE, _PATIENCE, _PROMISED)
        try:
            return float(await self._script(keys=keys, args=arguments))
        except Exception as error:
            # Whatever the client of Redis raises: better a refusal by Slack than no answer.
            log.warning("Slack: the pace is not known: %s", error)
            return unknown


def _name() -> str:
    """One call among all."""
    return secrets.token_hex(8)
