"""What turns under way may still cost, set aside in Redis, so that together they stay within the limits."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from redis.asyncio import Redis

LIFETIME = timedelta(minutes=11)
"""After which what a turn set aside is free again: no turn takes longer, so its process has ended."""
_REMEMBERED = 20
"""Turns of a model from which it is told what the next one may cost: as much as the dearest of them."""

# Holds are few, one for each turn under way, and are added up whenever one is made: nothing can drift.
_HELD = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local function held_by_others(key, token)
  local held = {}
  local all = redis.call('HGETALL', key)
  for i = 1, #all, 2 do
    local hold = cjson.decode(all[i + 1])
    if hold['until'] <= now then
      redis.call('HDEL', key, all[i])
    elseif all[i] ~= token then
      for _, field in ipairs(hold.fields) do held[field] = (held[field] or 0) + hold.nano end
    end
  end
  return held
end
"""
# KEYS: spent, held. ARGV: token, lifetime, soft, nano of a turn, nano of a cheaper one, fields, limits.
# Gives the state, and the place of the limit that decided.
_RESERVE = (
    _HELD
    + """
local token, soft = ARGV[1], tonumber(ARGV[3])
local fields, limits = cjson.decode(ARGV[6]), cjson.decode(ARGV[7])
local held = held_by_others(KEYS[2], token)
local most, place, spent = 0, 1, {}
for i, field in ipairs(fields) do
  spent[i] = tonumber(redis.call('HGET', KEYS[1], field) or 0)
  if spent[i] >= limits[i] then return {'hard', i} end
  local used = (spent[i] + (held[field] or 0)) / limits[i]
  if used > most then most, place = used, i end
end
local state, nano = 'free', tonumber(ARGV[4])
if most >= soft then state, nano = 'soft', tonumber(ARGV[5]) end
for i, field in ipairs(fields) do
  -- The last turn may take a limit over by what it costs itself; never several at once.
  if held[field] and spent[i] + held[field] + nano > limits[i] then return {'wait', i} end
end
local hold = cjson.encode({nano = nano, fields = fields, ['until'] = now + tonumber(ARGV[2])})
redis.call('HSET', KEYS[2], token, hold)
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return {state, place}
"""
)
# A call that is paid for is no longer set aside. KEYS: held. ARGV: token, nano.
_PAY = """
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if kept then
  local hold = cjson.decode(kept)
  hold.nano = math.max(0, hold.nano - tonumber(ARGV[2]))
  redis.call('HSET', KEYS[1], ARGV[1], cjson.encode(hold))
end
"""


State = Literal["free", "soft", "hard", "wait"]


@dataclass(frozen=True, slots=True)
class Reserved:
    """What came of setting something aside."""

    state: State
    """`free` or `soft`: it is set aside; `hard`: a limit is used up; `wait`: turns under way may do so."""
    place: int
    """Of the limit that decided, among those given."""


class Reservations:
    """What is set aside, of all processes together."""

    def __init__(self, redis: "Redis", prefix: str, lifetime: timedelta = LIFETIME) -> None:
        self._redis = redis
        self._held = f"{prefix}:held"
        self._turns = f"{prefix}:turns"
        self._lifetime = int(lifetime.total_seconds() * 1000)
        self._reserve = redis.register_script(_RESERVE)
        self._pay = redis.register_script(_PAY)

    async def reserve(
        self,
        token: str,
        spent: str,
        limits: Mapping[str, int],
        *,
        soft: float,
        usual: int,
        cheaper: int,
    ) -> Reserved:
        """Sets aside what a turn may cost, in billionths of a dollar; one that is tried again does so anew.

        `spent`: the key of the day's books. `limits`: by field of it.
        """
        fields, most = json.dumps(list(limits)), json.dumps(list(limits.values()))
        told: Any = await self._reserve(
            keys=[spent, self._held], args=[token, self._lifetime, soft, usual, cheaper, fields, most]
        )
        return Reserved(told[0].decode(), int(told[1]) - 1)

    async def pay(self, token: str, nano: int, client: Any) -> None:
        """Takes what was paid off what is set aside, in the transaction of `client`."""
        await self._pay(keys=[self._held], args=[token, nano], client=client)

    async def release(self, token: str, spec: str | None, nano: int) -> None:
        """Nothing is set aside any more; remembers what the turn cost with this model, if one answered."""
        async with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hdel(self._held, token)
            if spec is not None:
                pipeline.lpush(f"{self._turns}:{spec}", nano)
                pipeline.ltrim(f"{self._turns}:{spec}", 0, _REMEMBERED - 1)
            await pipeline.execute()

    async def dearest(self, specs: Sequence[str]) -> dict[str, int | None]:
        """What the dearest of its last turns cost, by model; None for one that answered none yet."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for spec in specs:
                pipeline.lrange(f"{self._turns}:{spec}", 0, -1)
            kept = await pipeline.execute()
        return {spec: max(map(int, turns), default=None) for spec, turns in zip(specs, kept, strict=True)}
