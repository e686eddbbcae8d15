-- Notes how far a job is.
-- Input   ARGV[5] id  ARGV[6] progress JSON
-- Output  0, -1 no such job
-- Events  progress. Contract: job_progress
--@include announce

local id = ARGV[5]
if redis.call('EXISTS', jobKey(id)) == 0 then return -1 end
redis.call('HSET', jobKey(id), 'progress', ARGV[6])
emit('progress', 'jobId', id, 'data', ARGV[6])
local status = redis.pcall('GET', statusKey(id))
publishProgress(id, type(status) == 'string' and status or 'pending', ARGV[6])
return 0
