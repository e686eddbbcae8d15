-- Puts batches right that do not go on: after a cancel that broke off, and after somebody deleted keys by hand. Looks at a few jobs
-- of a few batches, another few every time.
-- Input   ARGV[5] how many batches  ARGV[6] how many jobs of each
-- Output  0
-- Events  failed, waiting. Contract: as cancel
--@include batchcancel

if not setting('batches') then
  if redis.call('EXISTS', keys['batches-open']) == 0 then return 0 end
  -- Somebody deleted the settings by hand.
  redis.call('HSET', keys.meta, 'batches', 1)
  forgetSettings()
end
checkTypes()
local sample = tonumber(ARGV[6])

local function isGone(id) return redis.call('EXISTS', stateKey(id), dataKey(id)) == 0 end

local function lookAfterItems(batch)
  for _, id in ipairs(redis.call('SRANDMEMBER', batches.openKey(batch), sample)) do
    if isGone(id) then batches.lost(batch, id) end
  end
  if redis.call('SCARD', batches.openKey(batch)) + redis.call('ZCARD', batches.heldKey(batch)) == 0 then
    for _, id in ipairs(batches.unfinished(batch, sample)) do
      if isGone(id) then batches.lost(batch, id) end
    end
  end
  local held = redis.call('ZRANDMEMBER', batches.heldKey(batch), sample, 'WITHSCORES')
  for at = 1, #held, 2 do
    local id, place = held[at], held[at + 1]
    if isGone(id) then
      batches.lost(batch, id)
    elseif not settleIfEnded(id) then
      redis.call('ZADD', keys.delayed, 'NX', limited.NEVER, id)
      redis.call('ZADD', keys.parked, 'NX', place, id)
    end
  end
end

for _, batch in ipairs(redis.call('SRANDMEMBER', keys['batches-open'], ARGV[5])) do
  if redis.pcall('HEXISTS', batches.key(batch), 'total') ~= 1 then
    redis.call('SREM', keys['batches-open'], batch)
  else
    local reason = redis.call('HGET', batches.key(batch), 'cancelling')
    if reason then cancelOfBatch(batch, reason, sample) else lookAfterItems(batch) end
    batches.goOn(batch)
  end
end

-- Batches whose keys have ended.
local oldest = redis.call('ZRANGE', keys.batches, 0, sample - 1)
for _, batch in ipairs(oldest) do
  if redis.call('EXISTS', batches.key(batch)) == 0 then redis.call('ZREM', keys.batches, batch) end
end
return 0
