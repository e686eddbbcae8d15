-- Cancelling a job wherever it stands.
--@include settle
--@exports cancelJob

-- Returns 'cancelled', or the status of a job that had finished before ('was cancelled' of a cancelled one), or false when there is no
-- such job.
function cancelJob(id, reason)
  checkJobTypes(id)
  dropIfExpired(id)
  if redis.call('EXISTS', jobKey(id), dataKey(id), statusKey(id)) == 0 then return false end
  if redis.call('ZSCORE', keys.cancelled, id) then return 'was cancelled' end
  if redis.call('ZSCORE', keys.completed, id) then return 'completed' end
  if redis.call('ZSCORE', keys.failed, id) then return 'failed' end
  local ended = endedElsewhere(id)
  if ended then
    settle(id, ended, reasonOf[ended])
    return ended == 'cancelled' and 'was cancelled' or ended
  end
  settle(id, 'cancelled', reason)
  publish(id, 'cancelled', 'job_cancelled')
  redis.call('PUBLISH', keys.cancels, id)
  return 'cancelled'
end
