-- Running finished jobs again.
--@include context announce place forget family
--@exports runAgain

function runAgain(id, state, placement, resetMade, resetStarted)
  -- A parent that was cancelled while it waited waits again.
  local waits = redis.call('ZSCORE', keys.cancelled, id) and redis.call('SCARD', pendingKey(id)) > 0
  leaveFinished(id)
  family.awaitAgain(id)
  redis.call('HDEL', jobKey(id), 'finishedOn', 'processedOn', 'failedReason', 'failedCode', 'deferredFailure', 'delay', 'lasts',
    'cachedFrom')
  -- What a failed run has done is not done again; after a good one all of it is.
  if state == 'completed' then redis.call('HDEL', jobKey(id), 'checkpoint') end
  if resetMade then
    redis.call('HSET', jobKey(id), 'attemptsMade', 0)
    redis.call('HDEL', jobKey(id), 'stalledCounter')
  end
  if resetStarted then redis.call('HSET', jobKey(id), 'attemptsStarted', 0) end
  redis.call('UNLINK', resultKey(id))
  redis.call('SET', statusKey(id), 'pending')
  persist(id)
  local priority = notedPriority(id)
  if waits then
    batches.take(id)
    redis.call('ZADD', keys['waiting-children'], exact(now), id)
    emit('waiting-children', 'jobId', id, 'prev', state)
  else
    local score = exact(placement == 'head' and headScore(priority) or tailScore(priority))
    if not batches.place(id, score) then redis.call('ZADD', keys.queue, score, id) end
    emit('waiting', 'jobId', id, 'prev', state)
  end
  publishAdded(id, priority)
end
