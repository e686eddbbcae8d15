-- Makes due delayed jobs ready, and finds schedulers that would stop: the current run's time is over, and it is not
-- to come any more, yet nobody has made the next one. A worker of BullMQ makes it when it starts a run; legacy
-- services do not.
-- Input   ARGV[5] rank among the schedulers to go on from  ARGV[6] how many to look at
-- Output  { how many were looked at, for each found: id, id of its current run, name, interval, options JSON of the
--         run, '1' when the times come from a strategy that not every process has, '1' when a worker of Drover's
--         started the run or may have: it is about to make the next one, or has failed to }
-- Events  waiting
--@include delayed scheduled

checkTypes()
promoteDue(500)
local ids = redis.call('ZRANGEBYSCORE', keys.schedulers, '-inf', exact(now), 'LIMIT', ARGV[5], ARGV[6])
local found = { #ids }
for _, id in ipairs(ids) do
  local current = currentRun(id)
  if not isToCome(current) then
    local known = redis.pcall('HMGET', schedulerKey(id), 'name', 'every', 'run', 'strategy')
    if not known.err and known[3] then
      found[#found + 1] = { id, current, known[1], known[2] or '', known[3], known[4] or '', isOurs(current) and '1' or '' }
    end
  end
end
return found
