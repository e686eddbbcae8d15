-- Removes jobs of one state that are older than a time.
-- Input   ARGV[5] 'wait', 'prioritized', 'active', 'delayed', 'completed', 'failed'
--         ARGV[6] time in ms: finished before, else added before  ARGV[7] most to remove (0 = 1000)
-- Output  ids removed; a running job whose lease holds stays
-- Events  cleaned
--@include context announce forget

local state, before = ARGV[5], tonumber(ARGV[6])
local limit = tonumber(ARGV[7])
if limit == 0 or limit > 1000 then limit = 1000 end
checkTypes()

local function addedBefore(id)
  local timestamp = tonumber(redis.call('HGET', jobKey(id), 'timestamp') or 0)
  return timestamp <= before
end

local function candidates()
  if state == 'completed' or state == 'failed' then
    return redis.call('ZRANGEBYSCORE', keys[state], '-inf', exact(before), 'LIMIT', 0, limit), true
  elseif state == 'wait' then
    return redis.call('ZRANGEBYSCORE', keys.queue, '-inf', '-3'), false
  elseif state == 'prioritized' then
    return redis.call('ZRANGEBYSCORE', keys.queue, '(-3', '+inf'), false
  elseif state == 'active' then
    return redis.call('ZRANGEBYSCORE', keys.leases, '-inf', exact(serverNow())), false
  end
  return redis.call('ZRANGE', keys.delayed, 0, -1), false
end

local removed = {}
local ids, dated = candidates()
for _, id in ipairs(ids) do
  if #removed >= limit then break end
  if dated or addedBefore(id) then
    forget(id)
    removed[#removed + 1] = id
  end
end
emit('cleaned', 'count', #removed)
return removed
