-- The job that is added once all jobs of a batch have ended. It is kept in the batch: `callbackType`, `callbackPayload` (JSON of an
-- object), `callbackOpts` (JSON), `callbackPriority`; its payload gets the batch's counts as `batch`.
--@include context announce place wake document
--@exports addCallback

local function twoDigits(number) return string.format('%02d', number) end

-- A time in ms as RFC 3339 in UTC. The date is reckoned from a year that starts in March, so that leap days come last.
local function isoTime(ms)
  local days, rest = math.floor(ms / 86400000), ms % 86400000
  local shifted = days + 719468
  local era = math.floor(shifted / 146097)
  local day = shifted - era * 146097
  local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) - math.floor(day / 146096)) / 365)
  local dayOfYear = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
  local shiftedMonth = math.floor((5 * dayOfYear + 2) / 153)
  local dayOfMonth = dayOfYear - math.floor((153 * shiftedMonth + 2) / 5) + 1
  local month = shiftedMonth < 10 and shiftedMonth + 3 or shiftedMonth - 9
  year = year + era * 400 + (month <= 2 and 1 or 0)
  local seconds = math.floor(rest / 1000)
  return string.format('%04d', year) .. '-' .. twoDigits(month) .. '-' .. twoDigits(dayOfMonth) .. 'T'
    .. twoDigits(math.floor(seconds / 3600)) .. ':' .. twoDigits(math.floor(seconds / 60) % 60) .. ':' .. twoDigits(seconds % 60)
    .. '.' .. string.format('%03d', rest % 1000) .. 'Z'
end

local COUNTS = { 'total', 'completed', 'failed', 'cancelled', 'removed' }

-- What the callback is told, as JSON.
local function outcome(key, batch)
  local parts = { '"id":' .. cjson.encode(batch) }
  local known = redis.call('HMGET', key, 'name', 'createdOn', 'startedOn', 'finishedOn', unpack(COUNTS))
  if known[1] then parts[#parts + 1] = '"name":' .. cjson.encode(known[1]) end
  for at, name in ipairs(COUNTS) do
    parts[#parts + 1] = '"' .. name .. '":' .. string.format('%d', tonumber(known[4 + at]) or 0)
  end
  for at, name in ipairs({ 'createdAt', 'startedAt', 'finishedAt' }) do
    local time = tonumber(known[1 + at] or nil)
    if time then parts[#parts + 1] = '"' .. name .. '":"' .. isoTime(time) .. '"' end
  end
  return '{' .. table.concat(parts, ',') .. '}'
end

-- Adds the callback of the batch whose hash is at `key`, once.
function addCallback(key, batch)
  local callback = redis.call('HMGET', key, 'callbackType', 'callbackPayload', 'callbackOpts', 'callbackPriority', 'callbackId')
  local name, id = callback[1], callback[5]
  if not name or not id or redis.call('HSETNX', key, 'calledOn', exact(now)) == 0 then return end
  if redis.call('EXISTS', statusKey(id), dataKey(id), resultKey(id), stateKey(id)) > 0 then return end
  local priority = tonumber(callback[4]) or 1
  local rest = string.match(callback[2], '^{(.*)}$')
  local payload = '{"batch":' .. outcome(key, batch) .. (rest == '' and '' or ',' .. rest) .. '}'
  redis.call('ZADD', keys.ids, exact(now), id)
  redis.call('SET', dataKey(id), composeDocument(id, name, payload, isoTime(now), priority))
  redis.call('SET', statusKey(id), 'pending')
  redis.call('HSET', stateKey(id), 'data', payload, 'timestamp', exact(now), 'opts', callback[3], 'name', name)
  notePriority(id, priority)
  emitAdded(id, name)
  redis.call('ZADD', keys.queue, exact(tailScore(priority)), id)
  publishAdded(id, priority)
  wakeWorker()
end
