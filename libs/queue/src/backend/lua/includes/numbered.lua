-- Adding plain jobs that have no ids yet, which most are: nothing has to be looked up for each. All others are added by `add`.
-- Written for little Lua, see `claim`.
--@include context announce place wake kind large
--@exports addNumbered

-- Rows that are kept from call to call, since a table that grows is built anew each time.
local ids, taken, index, plain, places = {}, {}, {}, {}, {}

-- Whether all jobs are such, and for the current queue.
local function areNumbered(jobs)
  for at, id in ipairs(jobs.ids) do
    local kind = jobs.kinds[at]
    if id ~= '' or kind.queue ~= base or not plainHead(kind) or kind.placement ~= 'tail' then return false end
  end
  return true
end

-- Takes as many numbers as ids. Returns false when one is a job's id already, then none is taken.
local function takeNumbers(count)
  local last = redis.call('INCRBY', keys.counter, count)
  for row = 1, count do
    local id = string.format('%d', last - count + row)
    ids[row] = id
    taken[2 * row - 1], taken[2 * row] = stateKey(id), dataKey(id)
  end
  if redis.call('EXISTS', unpack(taken, 1, 2 * count)) == 0 then return true end
  redis.call('DECRBY', keys.counter, count)
  return false
end

-- Adds the jobs if they are such, at most 200. Returns their ids, or nil when they are to be added by `add`.
function addNumbered(jobs)
  local count = #jobs.ids
  if count == 0 or count > 200 or not areNumbered(jobs) or not takeNumbers(count) then return nil end
  local strings, results = { '', '', '', '' }, {}
  for row = 1, count do
    local id, kind, payload = ids[row], jobs.kinds[row], jobs.payloads[row]
    local odd, even, last = 2 * row - 1, 2 * row, 4 * row
    strings[last - 3], strings[last - 2] = taken[even], documentOf(kind, '"' .. id .. '"', payload)
    strings[last - 1], strings[last] = base .. 'status:' .. id, 'pending'
    index[odd], index[even] = kind.timestamp, id
    plain[odd], plain[even] = id, kind.plainHead .. payload
    places[odd], places[even] = tailScore(kind.band), id
    results[row] = id
    emitAdded(id, kind.name)
  end
  -- First of all: what is listed there is found again, whatever happens.
  redis.call('ZADD', keys.ids, unpack(index, 1, 2 * count))
  redis.call('MSET', unpack(strings))
  writeMany('HSET', keys.plain, plain, count)
  redis.call('ZADD', keys.queue, unpack(places, 1, 2 * count))
  for row = 1, count do
    if memo.isUnheard then break end
    publishAdded(ids[row], jobs.kinds[row].band)
  end
  wakeWorker()
  return results
end
