-- Reads jobs of a batch in their order, and where each stands; changes nothing.
-- Input   ARGV[5] id of the batch  ARGV[6] index of the first  ARGV[7] how many
-- Output  { for each { id, how it ended or '', its place among those of the batch that wait from 0 or -1, and among all jobs of the
--         queue that wait, or -1 }, jobs that run in the queue, times in ms when the running ones of the batch started, at most 1000 }
--@include batches run

local batch, first, count = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7])
local ids = redis.call('ZRANGE', batches.itemsKey(batch), first, first + count - 1)
if #ids == 0 then return { {}, 0, {} } end
local ends = redis.call('HMGET', batches.endsKey(batch), unpack(ids))

-- Places of the open ones that stand in the queue, or wait for their type.
local ranks, waiting = {}, 0
for _, set in ipairs({ keys.queue, keys.parked }) do
  for _, id in ipairs(redis.call('ZINTER', 2, set, batches.openKey(batch), 'WEIGHTS', 1, 0)) do
    ranks[id] = waiting
    waiting = waiting + 1
  end
end

local rows = {}
for at, id in ipairs(ids) do
  local rank, place = ranks[id], nil
  if rank then
    place = redis.call('ZSCORE', keys.queue, id) or redis.call('ZSCORE', keys.parked, id)
  else
    place = redis.call('ZSCORE', batches.heldKey(batch), id)
    rank = place and waiting + redis.call('ZRANK', batches.heldKey(batch), id)
  end
  local before = place and redis.call('ZCOUNT', keys.queue, '-inf', '(' .. place) + redis.call('ZCOUNT', keys.parked, '-inf', '(' .. place)
  rows[at] = { id, ends[at] or '', rank or -1, before or -1 }
end

local started = {}
local running = redis.call('SCARD', keys.processing)
local mine = running > 0 and redis.call('SINTER', batches.openKey(batch), keys.processing) or {}
for at = 1, math.min(#mine, 1000) do
  local run = runOf(mine[at])
  local noted = run and run.processedOn or redis.pcall('HGET', stateKey(mine[at]), 'processedOn')
  started[at] = type(noted) == 'string' and noted or ''
end
return { rows, running, started }
