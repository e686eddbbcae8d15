-- Makes a delayed job ready now.
-- Input   ARGV[5] id
-- Output  0, -1 no such job, -3 not delayed, or held by its batch
-- Events  waiting. Contract: status_updated
--@include delayed batches

local id = ARGV[5]
checkTypes()
if redis.call('EXISTS', jobKey(id)) == 0 then return -1 end
if not redis.call('ZSCORE', keys.delayed, id) or batches.isHeld(id) then return -3 end
makeReady(id)
publish(id, 'pending')
wakeWorker()
return 0
