-- Where a job stands.
--@include context
--@exports stateOf

local function waitingAt(place) return tonumber(place) < -3 and 'waiting' or 'prioritized' end

-- BullMQ's word for the state of `id`, or 'cancelled', or 'unknown'. What a legacy service did last and
-- nobody recorded yet is read from the status key.
function stateOf(id)
  local score = redis.call('ZSCORE', keys.queue, id)
  if score then return waitingAt(score) end
  local ends = redis.call('ZSCORE', keys.expiring, id)
  if ends and tonumber(ends) <= serverNow() then return 'unknown' end
  if redis.call('ZSCORE', keys.cancelled, id) then return 'cancelled' end
  if redis.call('ZSCORE', keys.completed, id) then return 'completed' end
  if redis.call('ZSCORE', keys.failed, id) then return 'failed' end
  local status = redis.pcall('GET', statusKey(id))
  if status == 'completed' or status == 'failed' or status == 'cancelled' then return status end
  if redis.call('ZSCORE', keys.delayed, id) then
    local place = redis.call('ZSCORE', keys.parked, id)
    return place and waitingAt(place) or 'delayed'
  end
  if redis.call('ZSCORE', keys['waiting-children'], id) then return 'waiting-children' end
  if redis.call('ZSCORE', keys.leases, id) or redis.call('SISMEMBER', keys.processing, id) == 1 then return 'active' end
  if status == 'running' or status == 'processing' then return 'active' end
  if status == 'pending' then return 'prioritized' end
  return 'unknown'
end
