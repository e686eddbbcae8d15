-- Finding what legacy services added, in order of arrival. All documents get the same TTL when they are
-- added, so the one that ends first came first; within a millisecond the times in the documents decide.
--@include context document adopt wake
--@exports adoptAdded adoptAnnounced

local function byArrival(a, b)
  if a.ends ~= b.ends then return a.ends < b.ends end
  if a.created ~= b.created then return a.created < b.created end
  return a.id < b.id
end

local function sorted(jobs)
  if #jobs < 2 then return jobs end
  for _, job in ipairs(jobs) do
    local fields = readDocument(job.id)
    job.created = fields and parseTime(fields.created_at) or 0
  end
  table.sort(jobs, byArrival)
  return jobs
end

-- A backlog larger than one call can sort is entered into `arrivals` first, a thousand ids a call; then
-- it is taken from there. Redis orders the queue's members of equal score by id, which says nothing.
local function nextOfBacklog(edge, size, limit)
  local cursor = tonumber(redis.call('HGET', keys.meta, 'arrivals') or 0)
  if cursor < size then
    local ids = redis.call('ZRANGEBYSCORE', keys.queue, exact(edge), exact(edge), 'LIMIT', cursor, 1000)
    local entries = {}
    for at, id in ipairs(ids) do
      entries[2 * at - 1] = exact(redis.call('PEXPIRETIME', dataKey(id)))
      entries[2 * at] = id
    end
    inPieces('ZADD', keys.arrivals, entries, 1000)
    redis.call('HSET', keys.meta, 'arrivals', cursor + #ids)
    return {}
  end
  local first = redis.call('ZRANGE', keys.arrivals, 0, limit - 1, 'WITHSCORES')
  local jobs, last = {}, first[#first]
  for at = 1, #first, 2 do
    -- A millisecond is not cut in two: its jobs are compared with each other.
    if first[at + 1] ~= last or first[2] == last then
      jobs[#jobs + 1] = { id = first[at], ends = tonumber(first[at + 1]) }
    end
  end
  return jobs
end

local function endBacklog()
  redis.call('DEL', keys.arrivals)
  redis.call('HDEL', keys.meta, 'arrivals')
end

-- Takes up to `limit` of the jobs that wait at the whole score `edge`. Returns how many left it, and true
-- when there are more.
local function adoptBand(edge, limit)
  local size = redis.call('ZCOUNT', keys.queue, exact(edge), exact(edge))
  local staged = redis.call('EXISTS', keys.arrivals) == 1
  local jobs = {}
  if size <= limit and not staged then
    for _, id in ipairs(redis.call('ZRANGEBYSCORE', keys.queue, exact(edge), exact(edge))) do
      jobs[#jobs + 1] = { id = id, ends = redis.call('PEXPIRETIME', dataKey(id)) }
    end
  else
    if not staged then redis.call('HDEL', keys.meta, 'arrivals') end
    jobs = nextOfBacklog(edge, size, limit)
    if #jobs > 0 then redis.call('HINCRBY', keys.meta, 'arrivals', -#jobs) end
  end
  local taken = 0
  for _, job in ipairs(sorted(jobs)) do
    if staged then redis.call('ZREM', keys.arrivals, job.id) end
    -- One that was taken meanwhile, or belongs to another band, is passed over.
    local score = redis.call('ZSCORE', keys.queue, job.id)
    if score and tonumber(score) == edge then
      adopt(job.id, priorityOf(edge))
      taken = taken + 1
    end
  end
  local left = redis.call('ZCOUNT', keys.queue, exact(edge), exact(edge)) > 0
  if staged and (not left or redis.call('EXISTS', keys.arrivals) == 0) then endBacklog() end
  return taken, left, #jobs == 0
end

-- Adopts these jobs, as far as they still wait where a legacy service put them. Returns how many.
function adoptAnnounced(ids)
  if #ids == 0 then return 0 end
  local staged = redis.call('EXISTS', keys.arrivals) == 1
  local taken = 0
  for _, id in ipairs(ids) do
    local score = tonumber(redis.call('ZSCORE', keys.queue, id))
    if score and math.ceil(score) == score then
      if adopt(id, priorityOf(score)) then taken = taken + 1 end
      -- Of a backlog that is being entered, those behind it move up.
      if staged and redis.call('ZREM', keys.arrivals, id) == 1 then redis.call('HINCRBY', keys.meta, 'arrivals', -1) end
    end
  end
  return taken
end

-- Adopts what has been added, priority by priority. Go's AddJob always sets a TTL on the queue and
-- adopting removes it, so a queue without TTL has nothing new; `thorough` looks all the same (a crash
-- between ZADD and EXPIRE). Returns the number taken, and true when another call
-- is needed.
function adoptAdded(limit, thorough)
  if not thorough and redis.call('PTTL', keys.queue) < 0 then return 0, false end
  local taken, from = 0, '-inf'
  for _ = 1, thorough and 1000 or 64 do
    local first = redis.call('ZRANGEBYSCORE', keys.queue, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
    if not first[1] then break end
    local edge = math.ceil(tonumber(first[2]))
    local count, more, staging = adoptBand(edge, limit - taken)
    taken = taken + count
    if more or taken >= limit then
      if taken > 0 then wakeWorker() end
      -- Without progress another call would do no better.
      return taken, taken > 0 or staging
    end
    from = '(' .. exact(edge)
  end
  redis.call('PERSIST', keys.queue)
  if taken > 0 then wakeWorker() end
  return taken, false
end
