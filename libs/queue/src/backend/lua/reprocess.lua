-- Runs a finished job again.
-- Input   ARGV[5] id  ARGV[6] state it must be in: 'completed', 'failed'  ARGV[7] 'head' or 'tail' of its priority
--         ARGV[8] '1' = attempts made start at 0 again  ARGV[9] '1' = attempts started too
-- Output  1, -1 no such job, -3 not in that state
-- Events  waiting. Contract: status_updated, job_added
--@include settle finished

local id, state = ARGV[5], ARGV[6]
checkTypes()
if state ~= 'completed' and state ~= 'failed' then return -3 end
if not redis.call('ZSCORE', keys[state], id) then
  -- A legacy service may have ended it without anybody noticing so far.
  settleIfEnded(id)
end
if redis.call('EXISTS', jobKey(id)) == 0 then return -1 end
if not redis.call('ZSCORE', keys[state], id) then return -3 end
runAgain(id, state, ARGV[7], ARGV[8] == '1', ARGV[9] == '1')
wakeWorker()
return 1
