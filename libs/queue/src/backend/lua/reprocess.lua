-- Runs a finished job again.
-- Input   ARGV[5] id  ARGV[6] state it must be in: 'completed', 'failed'  ARGV[7] 'head' or 'tail' of its priority
--         ARGV[8] '1' = attempts made start at 0 again  ARGV[9] '1' = attempts started too
--         to give it another payload: ARGV[10] SHA-1 of the document that the new one was made from  ARGV[11] payload JSON, '' for a
--         legacy job  ARGV[12] the new document
-- Output  1, -1 no such job, -3 not in that state, -14 the document is another by now
-- Events  waiting. Contract: status_updated, job_added
--@include settle finished edited

local id, state = ARGV[5], ARGV[6]
checkTypes()
if state ~= 'completed' and state ~= 'failed' then return -3 end
if not redis.call('ZSCORE', keys[state], id) then
  -- A legacy service may have ended it without anybody noticing so far.
  settleIfEnded(id)
end
if redis.call('EXISTS', jobKey(id)) == 0 then return -1 end
if not redis.call('ZSCORE', keys[state], id) then return -3 end
if ARGV[10] then
  if not isDocument(id, ARGV[10]) then return -14 end
  checkJobTypes(id)
  writePayload(id, ARGV[11], ARGV[12])
end
runAgain(id, state, ARGV[7], ARGV[8] == '1', ARGV[9] == '1')
wakeWorker()
return 1
