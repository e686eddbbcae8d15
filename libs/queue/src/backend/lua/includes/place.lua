-- A job's place in `<p>queue`. A job of contract priority n has a score in the open interval
-- (-n - 1, -n) that grows with arrival, so Go's ZPOPMIN pops by priority, then by arrival, and each of
-- Go's ranges counts it once. An empty band starts in its middle: there is room before and behind.
--@include context
--@exports tailScore headScore priorityOf notePriority documentPriority notedPriority

-- Distance of neighbours: the finest that a double holds beside the whole part.
local function stepOf(priority)
  if priority <= 1024 and priority >= -1024 then return 2 ^ -40 end
  return 2 ^ -30
end

-- The last or the first place in the band of a priority that is taken, as a text, or nil: in the queue, or by a parked or held job.
local function edgeOf(command, low, high)
  local found = redis.call(command, keys.queue, low, high, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if not (setting('types') or setting('batches')) then return found end
  local parked = redis.call(command, keys.parked, low, high, 'WITHSCORES', 'LIMIT', 0, 1)[2]
  if not (found and parked) then return found or parked end
  local isLater = tonumber(parked) > tonumber(found)
  return isLater == (command == 'ZREVRANGEBYSCORE') and parked or found
end

-- Score behind all jobs of this priority. Jobs placed earlier in this script but not yet written count.
function tailScore(priority)
  local tails = memo.tails
  if not tails then
    tails = {}
    memo.tails = tails
  end
  local last = tails[priority]
  if not last then
    last = tonumber(edgeOf('ZREVRANGEBYSCORE', '(' .. exact(-priority), '(' .. exact(-priority - 1)) or (-priority - 0.5))
  end
  local score = last + stepOf(priority)
  -- A band holds 2^39 arrivals without ever being empty; behind the last place jobs share it (by id).
  if score >= -priority then score = last end
  tails[priority] = score
  return score
end

-- Score before all jobs of this priority.
function headScore(priority)
  memo.heads = memo.heads or {}
  local first = memo.heads[priority]
  if not first then
    first = tonumber(edgeOf('ZRANGEBYSCORE', '(' .. exact(-priority - 1), '(' .. exact(-priority)) or (-priority - 0.5))
  end
  local score = first - stepOf(priority)
  if score <= -priority - 1 then score = first end
  memo.heads[priority] = score
  return score
end

-- Beyond it a double cannot tell neighbours in a band apart. Any score can be written by hand, infinite ones too.
local MAX_PRIORITY = 2 ^ 21

-- Contract priority of the band a score stands in; for a score that Go wrote (-n), n.
function priorityOf(score)
  return math.max(-MAX_PRIORITY, math.min(MAX_PRIORITY, -math.ceil(score)))
end

-- BullMQ's priority p >= 1 is the contract's 3 - p; BullMQ's 0 (none) runs first and is the contract's 3.
local function contractPriority(bull)
  bull = tonumber(bull) or 0
  if bull == 0 then return 3 end
  return 3 - bull
end

-- Notes a job's contract priority. BullMQ has nothing above "none", so a higher one is kept beside it.
function notePriority(id, priority)
  if priority > 3 then
    redis.call('HSET', jobKey(id), 'priority', 0, 'band', priority)
  else
    redis.call('HSET', jobKey(id), 'priority', priority == 3 and 0 or 3 - priority)
    redis.call('HDEL', jobKey(id), 'band')
  end
end

-- Priority in the document of a job that was taken before Drover ever saw it; normal where it says none.
function documentPriority(id)
  local text = redis.pcall('GET', dataKey(id))
  local ok, fields = pcall(cjson.decode, type(text) == 'string' and #text <= maxDocumentBytes and text or '')
  local given = ok and type(fields) == 'table' and tonumber(fields.priority)
  if not given or given ~= given then return 1 end
  return priorityOf(-math.floor(given))
end

-- Contract priority that a job was given. A plain job stays so.
function notedPriority(id)
  local plain = redis.call('HGET', keys.plain, id)
  if plain and redis.call('EXISTS', stateKey(id)) == 0 then
    return contractPriority(string.match(plain, '^[^\n]*\n([^\n]*)\n'))
  end
  local noted = redis.call('HMGET', jobKey(id), 'band', 'priority')
  if noted[1] then return tonumber(noted[1]) end
  if noted[2] then return contractPriority(noted[2]) end
  return documentPriority(id)
end
