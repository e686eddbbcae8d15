-- Batches: jobs that were added together and are followed as one. At most so many of a batch are *open* at a time: in the queue,
-- running, or waiting for a retry. The others are *held*: among the delayed jobs, due never, and in `<p>parked` by the place they
-- had in the queue, so that they wait like others, and are shown so. `<p>batch-held:<id>` has them by the same place,
-- `<p>batch-open:<id>` are the open ones, `<p>batch-ends:<id>` says how the others ended, and `<p>batch-items:<id>` has all in order.
-- Whoever ends, removes or brings back a job comes by here. A queue that never had a batch has no `batches` in meta, and pays nothing.
--@include context announce place wake later typelimits callback
--@exports batches
batches = {}

-- How many held jobs one step looks at that a legacy service ended and nobody noticed so far.
local LOOK = 100

local function key(id) return base .. 'batch:' .. id end
local function itemsKey(id) return base .. 'batch-items:' .. id end
local function heldKey(id) return base .. 'batch-held:' .. id end
local function openKey(id) return base .. 'batch-open:' .. id end
local function endsKey(id) return base .. 'batch-ends:' .. id end
local function keysOf(id) return { key(id), itemsKey(id), heldKey(id), openKey(id), endsKey(id) } end
batches.key, batches.heldKey, batches.openKey, batches.keysOf = key, heldKey, openKey, keysOf
batches.itemsKey, batches.endsKey = itemsKey, endsKey

-- Whether there is such a batch whose keys can be used.
local function isSound(id)
  if type(redis.pcall('HGET', key(id), 'total')) ~= 'string' then return false end
  return problemWith(function()
    redis.call('ZINTERCARD', 3, keys.nothing, itemsKey(id), heldKey(id))
    redis.call('SCARD', openKey(id))
    redis.call('HLEN', endsKey(id))
  end) == nil
end

-- The batch of a job, or nil.
function batches.of(id)
  if not setting('batches') then return nil end
  local batch = redis.pcall('HGET', stateKey(id), 'batch')
  if type(batch) ~= 'string' then return nil end
  local known = memo.batches or {}
  memo.batches = known
  if known[batch] == nil then known[batch] = isSound(batch) end
  return known[batch] and batch or nil
end

function batches.isHeld(id)
  local batch = batches.of(id)
  return batch ~= nil and redis.call('ZSCORE', heldKey(batch), id) ~= false
end

-- Takes a job out of where it stands in its batch.
local function leave(batch, id)
  if redis.call('ZREM', heldKey(batch), id) + redis.call('SREM', openKey(batch), id) > 0 then return end
  local ended = redis.call('HGET', endsKey(batch), id)
  if not ended then return end
  redis.call('HDEL', endsKey(batch), id)
  redis.call('HINCRBY', key(batch), ended, -1)
  if redis.call('HDEL', key(batch), 'finishedOn') == 0 then return end
  -- The batch had finished, and goes on.
  for _, name in ipairs(keysOf(batch)) do redis.call('PERSIST', name) end
  redis.call('SADD', keys['batches-open'], batch)
end

-- Lets a batch last as long as the last of its jobs, and tells by its callback that it ended.
local function finish(batch)
  if redis.call('HSETNX', key(batch), 'finishedOn', exact(now)) == 0 then return end
  redis.call('HDEL', key(batch), 'cancelling')
  redis.call('SREM', keys['batches-open'], batch)
  addCallback(key(batch), batch)
  local lasts = tonumber(redis.call('HGET', key(batch), 'lasts')) or ttl
  if lasts <= 0 then return end
  local ends = exact(serverNow() + lasts)
  for _, name in ipairs(keysOf(batch)) do redis.call('PEXPIREAT', name, ends) end
end

local function record(batch, id, how)
  leave(batch, id)
  redis.call('HSET', endsKey(batch), id, how)
  redis.call('HINCRBY', key(batch), how, 1)
end

-- How many more jobs of a batch may be open, endless without a limit.
local function roomIn(batch)
  local known = redis.call('HMGET', key(batch), 'limit', 'cancelling')
  if known[2] then return 0 end
  local limit = tonumber(known[1]) or 0
  if limit <= 0 then return math.huge end
  return limit - redis.call('SCARD', openKey(batch))
end

-- Lets a held job go to its place. Returns false when it is not to go: it ended, or is gone.
local function open(batch, id, place)
  if redis.call('EXISTS', stateKey(id), dataKey(id)) == 0 then
    undelay(id)
    record(batch, id, 'removed')
    return false
  end
  local status = redis.pcall('GET', statusKey(id))
  if status == 'cancelled' or status == 'completed' or status == 'failed' then return false end
  undelay(id)
  redis.call('ZREM', heldKey(batch), id)
  redis.call('SADD', openKey(batch), id)
  redis.call('ZADD', keys.queue, place, id)
  return true
end

-- How many jobs of a batch have not ended.
function batches.left(batch)
  return (tonumber(redis.call('HGET', key(batch), 'total')) or 0) - redis.call('HLEN', endsKey(batch))
end

-- Ids of jobs that have not ended, at most `most`: of the held ones, then of the open ones, then those that an edit delayed.
function batches.unfinished(batch, most)
  local found = redis.call('ZRANGE', heldKey(batch), 0, most - 1)
  if #found < most then
    for _, id in ipairs(redis.call('SRANDMEMBER', openKey(batch), most - #found)) do found[#found + 1] = id end
  end
  for from = 0, #found == 0 and batches.left(batch) > 0 and redis.call('ZCARD', itemsKey(batch)) - 1 or -1, 1000 do
    local ids = redis.call('ZRANGE', itemsKey(batch), from, from + 999)
    for at, ended in ipairs(redis.call('HMGET', endsKey(batch), unpack(ids))) do
      if not ended and #found < most then found[#found + 1] = ids[at] end
    end
  end
  return found
end

-- Fills the places that are free, and finishes a batch of which nothing is left.
function batches.goOn(batch)
  local room, opened = roomIn(batch), 0
  if room > 0 then
    local most = math.min(room, redis.call('ZCARD', heldKey(batch))) + LOOK
    local held = redis.call('ZRANGE', heldKey(batch), 0, most - 1, 'WITHSCORES')
    for at = 1, #held, 2 do
      if opened >= room then break end
      if open(batch, held[at], held[at + 1]) then opened = opened + 1 end
    end
  end
  if opened > 0 then wakeWorker() end
  if batches.left(batch) <= 0 then finish(batch) end
end

-- Adds up what completed runs took: estimates need it.
local function noteDuration(batch, id)
  local times = redis.pcall('HMGET', stateKey(id), 'processedOn', 'finishedOn')
  local from, to = tonumber(times[1] or nil), tonumber(times[2] or nil)
  if not from or not to or to < from then return end
  redis.call('HINCRBY', key(batch), 'runs', 1)
  redis.call('HINCRBY', key(batch), 'runTime', exact(math.floor(to - from)))
end

-- A job ended: `how` is 'completed', 'failed', 'cancelled', or 'removed'. `lasts` are ms for which it is kept, nil = the usual.
function batches.ended(id, how, lasts)
  local batch = batches.of(id)
  if not batch then return end
  if how == 'removed' and redis.call('HEXISTS', endsKey(batch), id) == 1 then return end
  if how == 'completed' then noteDuration(batch, id) end
  record(batch, id, how)
  local longest = tonumber(redis.call('HGET', key(batch), 'lasts'))
  if lasts and (longest or ttl) > 0 and (lasts <= 0 or lasts > (longest or ttl)) then
    redis.call('HSET', key(batch), 'lasts', exact(lasts))
  end
  batches.goOn(batch)
end

-- One that is gone without a word.
function batches.lost(batch, id)
  undelay(id)
  record(batch, id, 'removed')
end

-- A job that is to wait in the queue at the place `score`. Returns true when it is held instead, since its batch has no room.
function batches.place(id, score)
  local batch = batches.of(id)
  if not batch or redis.call('SISMEMBER', openKey(batch), id) == 1 then return false end
  leave(batch, id)
  if roomIn(batch) > 0 then
    redis.call('SADD', openKey(batch), id)
    return false
  end
  redis.call('ZREM', keys.queue, id)
  redis.call('ZADD', keys.delayed, limited.NEVER, id)
  redis.call('ZADD', keys.parked, score, id)
  redis.call('ZADD', heldKey(batch), score, id)
  return true
end

-- A job that somebody runs, or that waits elsewhere, is open, whatever the limit says.
function batches.take(id)
  local batch = batches.of(id)
  if not batch then return end
  leave(batch, id)
  redis.call('SADD', openKey(batch), id)
end

-- Notes when the first job of the batch started.
function batches.noteStart(batch)
  if redis.pcall('HEXISTS', key(batch), 'total') == 1 then redis.call('HSETNX', key(batch), 'startedOn', exact(now)) end
end
