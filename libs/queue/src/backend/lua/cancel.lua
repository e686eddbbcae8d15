-- Cancels a job that has not finished, wherever it stands; a running handler is told on the cancel channel.
-- Input   ARGV[5] id  ARGV[6] reason
-- Output  'cancelled', or the status of a job that had finished before, or false when there is no such job
-- Events  failed (BullMQ's only end without a result). Contract: status_updated, job_cancelled
--@include settle

local id = ARGV[5]
checkTypes()
checkJobTypes(id)
dropIfExpired(id)
if redis.call('EXISTS', jobKey(id), dataKey(id), statusKey(id)) == 0 then return false end
if redis.call('ZSCORE', keys.cancelled, id) then return 'was cancelled' end
if redis.call('ZSCORE', keys.completed, id) then return 'completed' end
if redis.call('ZSCORE', keys.failed, id) then return 'failed' end
local ended = endedElsewhere(id)
if ended then
  settle(id, ended, reasonOf[ended])
  return ended == 'cancelled' and 'was cancelled' or ended
end
settle(id, 'cancelled', ARGV[6])
publish(id, 'cancelled', 'job_cancelled')
redis.call('PUBLISH', keys.cancels, id)
return 'cancelled'
