-- Running finished jobs again.
--@include context announce place forget family

local function runAgain(id, state, placement, resetMade, resetStarted)
  leaveFinished(id)
  awaitAgain(id)
  redis.call('HDEL', jobKey(id), 'finishedOn', 'processedOn', 'failedReason', 'deferredFailure', 'delay')
  if resetMade then redis.call('HSET', jobKey(id), 'attemptsMade', 0) end
  if resetStarted then redis.call('HSET', jobKey(id), 'attemptsStarted', 0) end
  redis.call('UNLINK', resultKey(id))
  redis.call('SET', statusKey(id), 'pending')
  persist(id)
  local priority = notedPriority(id)
  redis.call('ZADD', keys.queue, exact(placement == 'head' and headScore(priority) or tailScore(priority)), id)
  emit('waiting', 'jobId', id, 'prev', state)
  publishAdded(id, priority)
end
