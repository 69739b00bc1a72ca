-- Every change of the queue's state, each operation atomic.
--
-- KEYS[1] is the queue's prefix, ARGV[1] the operation, the rest its arguments. Under the prefix:
--   ready:<priority>  stream with one consumer group; an entry is a thread whose first job is to be run
--   live              hash: thread → priority and id of its one entry in those streams
--   t:<thread>        list of the thread's jobs, in order of arrival
--   j:<id>            hash: payload, thread, priority, state, tries, error, placeholder …
--   open              sorted set of jobs not done, by time of arrival
--   dead              stream of jobs that were given up
--
-- A thread has an entry exactly while it has jobs. A worker owns an entry while it is pending under its name
-- with the delivery count it was given: a takeover raises the count, a renewal does not.

local GROUP = 'workers'
local DEAD_KEPT = 10000
local root = KEYS[1]
local live, open, dead = root .. ':live', root .. ':open', root .. ':dead'

local function job_key(id) return root .. ':j:' .. id end
local function thread_key(thread) return root .. ':t:' .. thread end
local function ready_key(priority) return root .. ':ready:' .. priority end

local function owns(priority, entry, consumer, count)
  local pending = redis.call('XPENDING', ready_key(priority), GROUP, entry, entry, 1)[1]
  return pending and pending[2] == consumer and pending[4] == tonumber(count)
end

local function withdraw(thread)
  local place = redis.call('HGET', live, thread)
  if place then
    local priority, entry = string.match(place, '^(%S+) (%S+)$')
    redis.call('XACK', ready_key(priority), GROUP, entry)
    redis.call('XDEL', ready_key(priority), entry)
    redis.call('HDEL', live, thread)
  end
end

local function make_ready(thread)
  local head = redis.call('LINDEX', thread_key(thread), 0)
  if head then
    local priority = redis.call('HGET', job_key(head), 'priority')
    local entry = redis.call('XADD', ready_key(priority), '*', 'thread', thread)
    redis.call('HSET', live, thread, priority .. ' ' .. entry)
  end
end

-- The job's id stays known for a while, so that a second delivery of the same event is told apart.
local function close_job(id, state, seconds)
  redis.call('ZREM', open, id)
  redis.call('HSET', job_key(id), 'state', state)
  redis.call('HDEL', job_key(id), 'payload')
  redis.call('EXPIRE', job_key(id), seconds)
end

local operations = {}

-- `nonce` is the caller's: when the reply to a submit is lost, its repetition is no duplicate.
function operations.submit(id, thread, priority, payload, nonce, now)
  local known = redis.call('HGET', job_key(id), 'nonce')
  if known then
    return known == nonce and 1 or 0
  end
  redis.call('HSET', job_key(id), 'thread', thread, 'priority', priority, 'payload', payload,
    'nonce', nonce, 'state', 'queued', 'tries', 0)
  redis.call('ZADD', open, now, id)
  redis.call('RPUSH', thread_key(thread), id)
  if redis.call('HEXISTS', live, thread) == 0 then
    make_ready(thread)
  end
  return 1
end

-- Starts a try of the thread's first job. `attempt` names the try: a repetition does not count again.
function operations.begin(priority, entry, consumer, count, thread, attempt, error)
  if not owns(priority, entry, consumer, count) then
    return false
  end
  local id = redis.call('LINDEX', thread_key(thread), 0)
  local job = job_key(id)
  if redis.call('HGET', job, 'attempt') ~= attempt then
    redis.call('HINCRBY', job, 'tries', 1)
    redis.call('HSET', job, 'attempt', attempt, 'state', 'running')
  end
  if error ~= '' then
    redis.call('HSET', job, 'error', error)
  end
  local kept = redis.call('HMGET', job, 'payload', 'tries', 'error', 'stop')
  return {id, kept[1] or '', tonumber(kept[2]), kept[3] or '', kept[4] or ''}
end

-- Ends the try for good (`done` or `dead`), and lets the thread's next job run.
function operations.finish(priority, entry, consumer, count, thread, attempt, id, state, error, seconds)
  local job = job_key(id)
  local kept = redis.call('HMGET', job, 'attempt', 'state', 'payload', 'tries')
  if kept[1] == attempt and kept[2] == state then
    return 1
  end
  if not owns(priority, entry, consumer, count) then
    return 0
  end
  if state == 'dead' then
    redis.call('XADD', dead, 'MAXLEN', '~', DEAD_KEPT, '*', 'id', id, 'thread', thread,
      'priority', priority, 'payload', kept[3] or '', 'tries', kept[4], 'error', error)
  end
  redis.call('LPOP', thread_key(thread))
  close_job(id, state, seconds)
  withdraw(thread)
  make_ready(thread)
  return 1
end

-- Hands the thread back for anyone to take at once; a try begun by `attempt` does not count.
function operations.release(priority, entry, consumer, count, thread, attempt)
  if not owns(priority, entry, consumer, count) then
    return 0
  end
  local job = job_key(redis.call('LINDEX', thread_key(thread), 0))
  if redis.call('HGET', job, 'attempt') == attempt then
    redis.call('HINCRBY', job, 'tries', -1)
    redis.call('HDEL', job, 'attempt')
    redis.call('HSET', job, 'state', 'queued')
  end
  withdraw(thread)
  make_ready(thread)
  return 1
end

-- Arguments after the consumer: priority, entry and count of each lease. Says which (from 1) were lost.
function operations.renew(consumer, ...)
  local leases, lost = {...}, {}
  for at = 1, #leases, 3 do
    local priority, entry, count = leases[at], leases[at + 1], leases[at + 2]
    if owns(priority, entry, consumer, count) then
      redis.call('XCLAIM', ready_key(priority), GROUP, consumer, 0, entry, 'JUSTID')
    else
      lost[#lost + 1] = (at + 2) / 3
    end
  end
  return lost
end

-- Takes over up to `limit` entries that nobody has renewed for `idle` milliseconds.
function operations.claim(priority, consumer, idle, limit)
  local stream, claimed = ready_key(priority), {}
  for _, pending in ipairs(redis.call('XPENDING', stream, GROUP, 'IDLE', idle, '-', '+', limit)) do
    local entry = redis.call('XCLAIM', stream, GROUP, consumer, idle, pending[1])[1]
    if entry then
      claimed[#claimed + 1] = {entry[1], pending[4] + 1, entry[2][2]}
    end
  end
  return claimed
end

-- The platform's id of what was posted. After a loss it is kept only where the new owner has none yet.
function operations.remember(priority, entry, consumer, count, id, placeholder)
  if owns(priority, entry, consumer, count) then
    redis.call('HSET', job_key(id), 'placeholder', placeholder)
    return 1
  end
  redis.call('HSETNX', job_key(id), 'placeholder', placeholder)
  return 0
end

function operations.amend(id, payload)
  if redis.call('HGET', job_key(id), 'state') ~= 'queued' then
    return 0
  end
  redis.call('HSET', job_key(id), 'payload', payload)
  return 1
end

function operations.cancel(id, seconds)
  local job = job_key(id)
  if redis.call('HGET', job, 'state') ~= 'queued' then
    return 0
  end
  local thread = redis.call('HGET', job, 'thread')
  local first = redis.call('LINDEX', thread_key(thread), 0) == id
  redis.call('LREM', thread_key(thread), 1, id)
  close_job(id, 'cancelled', seconds)
  if first then
    withdraw(thread)
    make_ready(thread)
  end
  return 1
end

-- Asks whoever runs the job to end it now. The mark is for those who do not hear the message.
function operations.stop(id, why)
  if redis.call('HGET', job_key(id), 'state') ~= 'running' then
    return 0
  end
  redis.call('HSET', job_key(id), 'stop', why)
  redis.call('PUBLISH', root .. ':stop', why .. ' ' .. id)
  return 1
end

-- Why each of these jobs is to be ended, or nothing.
function operations.stopped(...)
  local marks = {}
  for at, id in ipairs({...}) do
    marks[at] = redis.call('HGET', job_key(id), 'stop') or ''
  end
  return marks
end

-- Forgets a consumer, unless something is pending under its name.
function operations.leave(priority, consumer)
  local stream = ready_key(priority)
  if #redis.call('XPENDING', stream, GROUP, '-', '+', 1, consumer) == 0 then
    redis.call('XGROUP', 'DELCONSUMER', stream, GROUP, consumer)
  end
  return 1
end

return operations[ARGV[1]](unpack(ARGV, 2))
