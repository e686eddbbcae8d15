-- Removing jobs that may belong to a flow or hold a deduplication id.
--@include context forget family
--@exports deduplicationKey successorKey freeDeduplication discard leaveParent standing discardTree

function deduplicationKey(id) return base .. 'deduplication:' .. id end
-- The job that takes over when the holder of a deduplication id finishes: as `toList` gives it.
function successorKey(id) return base .. 'successor:' .. id end

-- A removed job gives its deduplication id free.
function freeDeduplication(id)
  local held = redis.pcall('HGET', stateKey(id), 'deduplicationId')
  if type(held) == 'string' and redis.pcall('GET', deduplicationKey(held)) == id then
    redis.call('UNLINK', deduplicationKey(held), successorKey(held))
  end
end


-- A parent no longer waits for a child that is removed. With `hard` a parent of the same queue that has no
-- other child to wait for is removed with it; else it goes on. Returns true when it was waited for.
function leaveParent(id, hard)
  local child, queue = family.memberKey(id), base
  return family.withParent(id, function(parent)
    if redis.call('SREM', pendingKey(parent.id), child) == 0 then return false end
    if redis.call('SCARD', pendingKey(parent.id)) > 0 then return true end
    if hard and base == queue and redis.call('ZSCORE', keys['waiting-children'], parent.id) then
      discard(parent.id, hard)
    else
      family.release(parent.id)
    end
    return true
  end) or false
end

-- Deletes a job and all that belongs to it; its parent is told.
function discard(id, hard)
  leaveParent(id, hard)
  freeDeduplication(id)
  forget(id)
end

-- The state a removed job was in, as its event says it, in BullMQ's words.
function standing(id)
  local score = redis.call('ZSCORE', keys.queue, id) or redis.call('ZSCORE', keys.parked, id)
  if score then return tonumber(score) < -3 and 'wait' or 'prioritized' end
  for _, state in ipairs({ 'delayed', 'completed', 'failed', 'waiting-children' }) do
    if redis.call('ZSCORE', keys[state], id) then return state end
  end
  return 'wait'
end

-- Removes jobs given as { base, id }, the last first, each with an event. Parents among them are not told.
function discardTree(jobs)
  for at = #jobs, 1, -1 do
    within(jobs[at].base, function()
      local id = jobs[at].id
      local prev = standing(id)
      freeDeduplication(id)
      forget(id)
      emit('removed', 'jobId', id, 'prev', prev)
    end)
  end
end
