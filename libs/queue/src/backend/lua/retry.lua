-- Puts a running job back to be tried again at once.
-- Input   ARGV[5] id  ARGV[6] token  ARGV[7] 'head' or 'tail' of its priority  ARGV[8] extra fields, JSON array, or ''
--         ARGV[9] type to count a failed run under, or ''
-- Output  0, or -1, -2, -3, -6 as in advance
-- Events  waiting. Contract: status_updated, job_retrying
--@include delayed held finish typeMetrics

local id = ARGV[5]
checkTypes()
promoteDue(500)

local refused = refusal(id, ARGV[6])
if refused then return refused end

if ARGV[9] ~= '' then countRetried(id, ARGV[9]) end
setFields(id, ARGV[8])
letGo(id)
redis.call('HINCRBY', jobKey(id), 'attemptsMade', 1)
redis.call('SET', statusKey(id), 'pending')
local priority = notedPriority(id)
redis.call('ZADD', keys.queue, exact(ARGV[7] == 'head' and headScore(priority) or tailScore(priority)), id)
emit('waiting', 'jobId', id, 'prev', 'active')
publish(id, 'pending', 'job_retrying')
wakeWorker()
return 0
