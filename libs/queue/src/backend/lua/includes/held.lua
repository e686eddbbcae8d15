-- Who holds a running job. Codes are BullMQ's.
--@include context settle run
--@exports heldOf refusalOf refusal letGo

-- How the job `id` stands, given its status and the text of its run: `run` (nil when no worker of Drover's ran it last),
-- `status`, `isLeased`, `exists`. A run has a lease for as long as it lasts: both begin and end in the same steps.
function heldOf(id, status, text)
  local run = parseRun(text)
  if run and run.finishedOn == '' then return { status = status, run = run, exists = true, isLeased = true } end
  local exists = run ~= nil or redis.call('EXISTS', stateKey(id)) == 1 or redis.call('HEXISTS', keys.plain, id) == 1
  return {
    status = status, run = run, exists = exists,
    isLeased = redis.call('ZSCORE', keys.leases, id),
  }
end

-- Whether `token` may finish or move the running job `id`, `job` being how it stands: nil, or the negative code:
-- -1 no such job, -3 not running, -2 its claim is gone (lease lost, or taken back by a legacy service),
-- -6 another claim holds it. Token '0' asks for no claim.
function refusalOf(id, job, token)
  local held = job.run and job.run.finishedOn == '' and job.run.token
  if not job.exists then return -1 end
  if not job.isLeased then return token ~= '0' and held ~= token and -2 or -3 end
  if reasonOf[job.status] then
    settleIfEnded(id)
    return -2
  end
  if job.status == 'pending' and redis.call('SISMEMBER', keys.processing, id) == 0 then return -2 end
  if token == '0' or held == token then return nil end
  return held and -6 or -2
end

-- The same for one job by its id.
function refusal(id, token)
  local status = redis.pcall('GET', statusKey(id))
  return refusalOf(id, heldOf(id, type(status) == 'string' and status, redis.call('HGET', keys.runs, id)), token)
end

-- Ends the claim of a running job.
function letGo(id)
  redis.call('ZREM', keys.leases, id)
  redis.call('SREM', keys.processing, id)
  endRun(id)
end
