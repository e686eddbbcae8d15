-- Removes a job and all that belongs to it.
-- Input   ARGV[5] id
-- Output  1 removed (also when there was none), 0 when it is running under a lease
-- Events  removed
--@include context announce forget

local id = ARGV[5]
checkTypes()
local lease = redis.call('ZSCORE', keys.leases, id)
if lease and tonumber(lease) > serverNow() then return 0 end
if redis.call('SISMEMBER', keys.processing, id) == 1 and not lease then return 0 end
if redis.call('EXISTS', jobKey(id), dataKey(id), statusKey(id)) == 0 then return 1 end
local prev = 'waiting'
for _, state in ipairs({ 'delayed', 'completed', 'failed' }) do
  if redis.call('ZSCORE', keys[state], id) then prev = state end
end
forget(id)
emit('removed', 'jobId', id, 'prev', prev)
return 1
