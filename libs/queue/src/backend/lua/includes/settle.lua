-- Recording an end that was decided outside a worker's own report: by a legacy service, by a cancel,
-- by a document that cannot be run.
--@include context announce forget ended metrics typeends typeMetrics
--@exports settle reasonOf endedElsewhere failUnusable

-- What live workers say of the job's type, if one has it.
local function ruleOf(id)
  local name = redis.pcall('HGET', jobKey(id), 'name')
  return typeEnds.of(type(name) == 'string' and name)
end

-- Counts an end under the job's type and lists a dead letter as such. `run` is what the job was in, if any. Returns the ms for which it
-- is kept, or nil. A cancelled job is no run that ended.
local function followRule(rule, id, status, run)
  local lasts, isDead = typeEnds.lastsOf(rule, status)
  if isDead then redis.call('ZADD', keys.dead, exact(now), id) end
  if status ~= 'cancelled' then
    countRun(rule.name, status == 'completed' and 'ok' or 'failed', run and tonumber(run.processedOn), isDead)
    writeRuns()
  end
  return lasts
end

-- Moves a job, wherever it stands, to `status` (completed, failed, cancelled). A cancelled job is
-- listed among the failed ones too: BullMQ knows no other end without a result.
function settle(id, status, reason)
  local prev = redis.call('ZSCORE', keys.leases, id) and 'active' or 'waiting'
  local rule, run = ruleOf(id), runOf(id)
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
  keepOrExpire(id, status, rule and followRule(rule, id, status, prev == 'active' and run))
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
