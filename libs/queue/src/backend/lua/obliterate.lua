-- Destroys a paused queue, at most `count` jobs a call.
-- Input   ARGV[5] most jobs to remove  ARGV[6] '1' = running ones too
-- Output  0 when nothing is left, 1 when there is more, -1 not paused, -2 jobs are running
--@include discard settle

local limit = math.max(1, math.min(tonumber(ARGV[5]), 500))
if redis.call('HEXISTS', keys.meta, 'paused') == 0 then return -1 end
local running = redis.call('ZCARD', keys.leases) + redis.call('SCARD', keys.processing)
if running > 0 and ARGV[6] ~= '1' then return -2 end

-- First of all: what is removed with its batch counts nowhere any more.
local doomed = redis.call('ZRANGE', keys.batches, 0, limit - 1)
for _, id in ipairs(doomed) do
  redis.call('UNLINK', unpack(batches.keysOf(id)))
  redis.call('ZREM', keys.batches, id)
end
if #doomed > 0 then return 1 end

local removed = 0
for _, ids in ipairs({
  redis.call('ZRANGE', keys.ids, 0, limit - 1),
  redis.call('ZRANGE', keys.queue, 0, limit - 1),
  redis.call('SRANDMEMBER', keys.processing, limit),
}) do
  for _, id in ipairs(ids) do discard(id, true) end
  removed = removed + #ids
end
local schedulers = redis.call('ZRANGE', keys.schedulers, 0, limit - 1)
for _, id in ipairs(schedulers) do
  redis.call('UNLINK', base .. 'scheduler:' .. id)
  redis.call('ZREM', keys.schedulers, id)
end
if removed + #schedulers > 0 then return 1 end

for _, name in ipairs(redis.call('SMEMBERS', keys['types:metrics'])) do redis.call('UNLINK', base .. 'types:metrics:' .. name) end
-- Limits of types are not the queue's own: they hold as long as workers say so.
local types = setting('types')
for _, name in ipairs(redis.call('SMEMBERS', keys['parked-types'])) do redis.call('UNLINK', base .. 'parked:' .. name) end
for _, key in pairs(keys) do
  if key ~= keys.updates and key ~= keys.cancels then redis.call('UNLINK', key) end
end
if types then redis.call('HSET', keys.meta, 'types', types) end
return 0
