-- Who holds a running job. Codes are BullMQ's.
--@include context settle

-- What is read of a running job before it is ended or moved; also what its end needs.
local HELD = { 'token', 'endedBy', 'attemptsMade', 'parent', 'deduplicationId' }

-- Keys of jobs, by one of the functions that spell them.
local function keysFor(ids, spell)
  local spelled = {}
  for at, id in ipairs(ids) do spelled[at] = spell(id) end
  return spelled
end

-- Reads what stands of the jobs `ids`, as few commands for all: `lease` (its end, or false), `status`, the fields of HELD,
-- `exists`; or `err` where a job's runtime state is of another type.
local function readHeld(ids)
  local leases = redis.call('ZMSCORE', keys.leases, unpack(ids))
  local statuses = redis.call('MGET', unpack(keysFor(ids, statusKey)))
  local jobs = {}
  for at, id in ipairs(ids) do
    local job = { id = id, lease = leases[at], status = statuses[at], exists = true }
    local read = redis.pcall('HMGET', jobKey(id), unpack(HELD))
    if read.err then
      job.err = read.err
    else
      for field, name in ipairs(HELD) do job[name] = read[field] end
      if not job.token and not job.attemptsMade then job.exists = redis.call('EXISTS', jobKey(id)) == 1 end
    end
    jobs[at] = job
  end
  return jobs
end

-- Whether `token` may finish or move the running job, as `readHeld` read it: nil, or the negative code:
-- -1 no such job, -3 not running, -2 its claim is gone (lease lost, or taken back by a legacy service),
-- -6 another claim holds it. Token '0' asks for no claim.
local function refusalOf(job, token)
  if not job.exists then return -1 end
  if not job.lease then return token ~= '0' and job.token ~= token and -2 or -3 end
  if reasonOf[job.status] then
    settleIfEnded(job.id)
    return -2
  end
  if job.status == 'pending' and redis.call('SISMEMBER', keys.processing, job.id) == 0 then return -2 end
  if token == '0' or job.token == token then return nil end
  return job.token and -6 or -2
end

-- The same for one job by its id.
local function refusal(id, token)
  local job = readHeld({ id })[1]
  if job.err then error({ err = job.err }) end
  return refusalOf(job, token)
end

-- Ends the claim of a running job.
local function letGo(id)
  redis.call('ZREM', keys.leases, id)
  redis.call('SREM', keys.processing, id)
  redis.call('HDEL', jobKey(id), 'token')
end
