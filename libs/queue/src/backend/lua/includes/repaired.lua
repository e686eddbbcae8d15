-- Putting right what limits of types know, should it not fit together: after somebody deleted keys by hand.
--@include typelimits place later wake batches
--@exports repairLimits

local SLOTS, JOBS = 500, 200

-- Places whose jobs do not run.
local function repairSlots()
  local ids = redis.call('HRANDFIELD', keys.slots, SLOTS)
  if #ids == 0 then return end
  for at, lease in ipairs(redis.call('ZMSCORE', keys.leases, unpack(ids))) do
    if not lease then limited.leave(ids[at]) end
  end
end

-- Looks at a part of the parked jobs each time; those that no claim would find go back to the queue.
local function repairParked()
  local count = redis.call('ZCOUNT', keys.delayed, limited.NEVER, '+inf')
  local from = count > JOBS and now % count or 0
  local isFound = false
  for _, id in ipairs(redis.call('ZRANGE', keys.delayed, limited.NEVER, '+inf', 'BYSCORE', 'LIMIT', from, JOBS)) do
    local place, name = redis.call('ZSCORE', keys.parked, id), redis.call('HGET', keys['parked-of'], id)
    local isFoundByType = name and redis.call('ZSCORE', base .. 'parked:' .. name, id)
      and redis.call('SISMEMBER', keys['parked-types'], name) == 1
    if not (place and isFoundByType or batches.isHeld(id)) then
      undelay(id)
      redis.call('ZADD', keys.queue, place or exact(tailScore(notedPriority(id))), id)
      isFound = true
    end
  end
  if isFound then wakeWorker() end
end

function repairLimits()
  if not setting('types') then return end
  repairSlots()
  repairParked()
end
