-- Moves a running job to the delayed ones (a retry with backoff, or at the handler's wish), and may claim the next.
-- Input   ARGV[5] id  ARGV[6] token  ARGV[7] time in ms when it is ready  ARGV[8] delay in ms
--         ARGV[9] '1' = uses no attempt  ARGV[10] extra fields, JSON array, or ''
--         ARGV[11] '1' = claim the next  ARGV[12] lease in ms  ARGV[13] worker's name or ''
--         ARGV[14] ids to leave to other workers, JSON array, or ''  ARGV[15] worker's terms, JSON, or ''
--         ARGV[16] type to count a failed run under, or ''
-- Output  id and fields of the job that was claimed, else 0; or -1, -2, -3, -6 as in advance
-- Events  delayed, active. Contract: status_updated, job_retrying
--@include claim held finish typeMetrics

local id, token = ARGV[5], ARGV[6]
checkTypes()

local refused = refusal(id, token)
if refused then return refused end

if ARGV[16] ~= '' then countRetried(id, ARGV[16]) end
setFields(id, ARGV[10])
if ARGV[11] == '1' then limited.willClaim(token) end
letGo(id)
if ARGV[9] ~= '1' then redis.call('HINCRBY', jobKey(id), 'attemptsMade', 1) end
redis.call('HSET', jobKey(id), 'delay', ARGV[8])
redis.call('SET', statusKey(id), 'pending')
delayUntil(id, tonumber(ARGV[7]))
emit('delayed', 'jobId', id, 'delay', ARGV[7])
publish(id, 'pending', 'job_retrying')
armDue()

local isClaimed = ARGV[11] == '1'
  and claimJobs({ token }, 1, true, tonumber(ARGV[12]), ARGV[13], ARGV[14], ARGV[15]) == 1
if memo.news then limited.askAll() end
if isClaimed then
  local fields = claimed.fields[1]
  if not fields then
    fields = { 'plain', claimed.texts[1] }
    appendRun(fields, runOf(claimed.ids[1]))
  end
  return { claimed.ids[1], unpack(fields) }
end
slotFreed()
return 0
