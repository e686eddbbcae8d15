-- Runs dead letters again, as if for the first time; what they kept in a checkpoint stays.
-- Input   ARGV[5..] ids, at most 500
-- Output  ids that were put back; the others are no dead letters (any more)
-- Events  waiting. Contract: status_updated, job_added
--@include finished

checkTypes()
local back = {}
for at = 5, #ARGV do
  local id = ARGV[at]
  dropIfExpired(id)
  if redis.call('ZSCORE', keys.dead, id) and redis.call('TYPE', stateKey(id)).ok == 'hash' then
    runAgain(id, 'failed', 'tail', true, true)
    back[#back + 1] = id
  end
end
if #back > 0 then wakeWorker() end
return back
