-- Puts many jobs of one state back to wait: failed or completed ones again, delayed ones now.
-- Input   ARGV[5] 'failed', 'completed' or 'delayed'  ARGV[6] most to move (bounded at 500)
--         ARGV[7] only those that stand before this time in ms
-- Output  1 when there may be more, else 0
-- Events  waiting. Contract: status_updated, job_added
--@include delayed finished typelimits

local state = ARGV[5]
local limit = math.min(tonumber(ARGV[6]), 500)
checkTypes()
-- What is parked among the delayed jobs waits already.
local last = state == 'delayed' and '(' .. limited.NEVER or ARGV[7]
local ids = redis.call('ZRANGEBYSCORE', keys[state], '-inf', last, 'LIMIT', 0, limit)
for _, id in ipairs(ids) do
  if state == 'delayed' then
    makeReady(id)
  else
    runAgain(id, state, 'tail', false, false)
  end
end
if #ids > 0 then wakeWorker() end
return #ids == limit and 1 or 0
