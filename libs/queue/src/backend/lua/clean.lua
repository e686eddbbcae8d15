-- Removes jobs of one state that are older than a time; looks at 500 jobs a call. Of another word, none.
-- Input   ARGV[5] 'wait', 'prioritized', 'active', 'delayed', 'completed', 'failed'
--         ARGV[6] time in ms: finished before, else added before  ARGV[7] most to remove
--         ARGV[8] rank in the index to go on from, 0 at first
-- Output  { ids removed, rank to go on from or -1 at the end }; a running job whose lease holds stays,
--         and so does the current run of a scheduler
--@include discard added scheduled

local state, before, most, rank = ARGV[5], ARGV[6], tonumber(ARGV[7]), tonumber(ARGV[8])
local LOOK = 500
checkTypes()
if rank == 0 then adoptAdded(500, false) end

-- Finished jobs are indexed by their end, all others only among all jobs, by their creation.
local index = (state == 'completed' or state == 'failed') and keys[state] or keys.ids

local function isCandidate(id)
  if index == keys[state] then return true end
  local parked = redis.call('ZSCORE', keys.parked, id)
  if state == 'delayed' then return not parked and redis.call('ZSCORE', keys.delayed, id) end
  if state == 'active' then
    local lease = redis.call('ZSCORE', keys.leases, id)
    return lease and tonumber(lease) <= serverNow()
  end
  if state ~= 'wait' and state ~= 'prioritized' then return false end
  local score = parked or redis.call('ZSCORE', keys.queue, id)
  return score and (tonumber(score) < -3) == (state == 'wait')
end

local removed = {}
local ids = redis.call('ZRANGEBYSCORE', index, '-inf', before, 'LIMIT', rank, LOOK)
for _, id in ipairs(ids) do
  if #removed >= most then break end
  if isCandidate(id) and not isCurrentRun(id) then
    discard(id, true)
    removed[#removed + 1] = id
  end
end
-- What was removed no longer takes a rank.
return { removed, #ids == LOOK and rank + #ids - #removed or -1 }
