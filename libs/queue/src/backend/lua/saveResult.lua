-- Stores a job's result; it lasts as long as the job.
-- Input   ARGV[5] id  ARGV[6] result JSON
-- Output  0
--@include context

local id = ARGV[5]
local ends = redis.call('ZSCORE', keys.expiring, id)
if ends then
  redis.call('SET', resultKey(id), ARGV[6], 'PXAT', exact(tonumber(ends)))
elseif ttl > 0 and not redis.call('ZSCORE', keys.ids, id) then
  redis.call('SET', resultKey(id), ARGV[6], 'PX', exact(ttl))
else
  redis.call('SET', resultKey(id), ARGV[6])
end
return 0
