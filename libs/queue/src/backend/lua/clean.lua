-- Removes jobs of one state that are older than a time; looks at 500 jobs a call. Of another word, none.
-- Input   ARGV[5] 'wait', 'prioritized', 'active', 'delayed', 'completed', 'failed' (cancelled ones too); or 'cancelled',
--         'failed-only' (neither cancelled ones nor dead letters), 'queued' (all that wait and are not delayed)
--         ARGV[6] time in ms: finished before, else added before  ARGV[7] most to remove
--         ARGV[8] rank in the index to go on from, 0 at first  ARGV[9] '1' = only say which would be removed
-- Output  { ids removed, rank to go on from or -1 at the end }; a running job whose lease holds stays,
--         and so does the current run of a scheduler
--@include discard added scheduled

local state, before, most, rank = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local LOOK, isDry = 500, ARGV[9] == '1'
checkTypes()
if rank == 0 and not isDry then adoptAdded(500, false) end

-- Finished jobs are indexed by their end, all others only among all jobs, by their creation.
local indexes = { completed = keys.completed, failed = keys.failed, cancelled = keys.cancelled, ['failed-only'] = keys.failed }
local index = indexes[state] or keys.ids

local function isCandidate(id)
  if state == 'failed-only' then return not redis.call('ZSCORE', keys.cancelled, id) and not redis.call('ZSCORE', keys.dead, id) end
  if index ~= keys.ids then return true end
  local parked = redis.call('ZSCORE', keys.parked, id)
  if state == 'delayed' then return not parked and redis.call('ZSCORE', keys.delayed, id) end
  if state == 'active' then
    local lease = redis.call('ZSCORE', keys.leases, id)
    return lease and tonumber(lease) <= serverNow()
  end
  if state ~= 'wait' and state ~= 'prioritized' and state ~= 'queued' then return false end
  local score = parked or redis.call('ZSCORE', keys.queue, id)
  if state == 'queued' then return score end
  return score and (tonumber(score) < -3) == (state == 'wait')
end

local removed, looked = {}, 0
local ids = redis.call('ZRANGEBYSCORE', index, '-inf', before, 'LIMIT', rank, LOOK)
for _, id in ipairs(ids) do
  if #removed >= most then break end
  looked = looked + 1
  if isCandidate(id) and not isCurrentRun(id) then
    if not isDry then discard(id, true) end
    removed[#removed + 1] = id
  end
end
-- What was removed no longer takes a rank.
local isOver = #ids < LOOK and looked == #ids
return { removed, isOver and -1 or rank + looked - (isDry and 0 or #removed) }
