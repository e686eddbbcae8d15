-- Recording an end that was decided outside a worker's own report: by a legacy service, by a cancel,
-- by a document that cannot be run.
--@include context announce forget ended metrics
--@exports settle reasonOf endedElsewhere failUnusable

-- Moves a job, wherever it stands, to `status` (completed, failed, cancelled). A cancelled job is
-- listed among the failed ones too: BullMQ knows no other end without a result.
function settle(id, status, reason)
  local prev = redis.call('ZSCORE', keys.leases, id) and 'active' or 'waiting'
  detach(id)
  redis.call('SET', statusKey(id), status)
  local set = status == 'completed' and keys.completed or keys.failed
  if redis.call('ZADD', set, exact(now), id) == 1 then countEnds(status, 1) end
  if status == 'cancelled' then redis.call('ZADD', keys.cancelled, exact(now), id) end
  redis.call('ZADD', keys.ids, 'NX', exact(now), id)
  redis.call('HSETNX', jobKey(id), 'timestamp', exact(now))
  redis.call('HSET', jobKey(id), 'finishedOn', exact(now))
  if status == 'completed' then
    local result = redis.pcall('GET', resultKey(id))
    local value = type(result) == 'string' and result or 'null'
    emit('completed', 'jobId', id, 'returnvalue', value, 'prev', prev)
    tellEnded(id, 'completed', value)
  else
    redis.call('HSET', jobKey(id), 'failedReason', reason)
    emit('failed', 'jobId', id, 'failedReason', reason, 'prev', prev)
    tellEnded(id, 'failed', reason)
  end
  keepOrExpire(id, status)
end

reasonOf = { failed = 'failed by a legacy service', cancelled = 'job cancelled', completed = '' }

-- The end a legacy service wrote into the status key, or nil. A missing status is not an end.
function endedElsewhere(id)
  local status = redis.pcall('GET', statusKey(id))
  if type(status) == 'string' and reasonOf[status] then return status end
end

-- Records an end that a legacy service wrote and nobody noticed so far. Returns true when there was one.
-- Declared by `family`.
function settleIfEnded(id)
  local ended = endedElsewhere(id)
  if not ended then return false end
  settle(id, ended, reasonOf[ended])
  return true
end

-- Fails a job that cannot be run at all, and says so to everybody.
function failUnusable(id, reason)
  settle(id, 'failed', reason)
  publish(id, 'failed', 'job_failed')
end

-- Declared by `family`. Returns true when there was something else in the place of its runtime state.
function failIfForeign(id)
  local foreign = setAsideForeign(id)
  if foreign then failUnusable(id, foreign) end
  return foreign ~= nil
end
