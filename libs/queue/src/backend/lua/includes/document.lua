-- Documents at `<p>data:<id>`: JSON text that Go reads. Payloads are carried as text: decoding and
-- encoding them here would change numbers and empty arrays.
--@include context
--@exports documentHead composeDocument restorePayload writePriority readDocument parseTime

-- The document of a job that Drover adds, between its id and its payload.
function documentHead(name, createdAt, priority)
  return ',"type":' .. cjson.encode(name) .. ',"created_at":"' .. createdAt .. '","updated_at":"' .. createdAt ..
    '","deleted_at":null,"status":"pending","progress":0,"priority":' .. string.format('%d', priority) .. ',"payload":'
end

function composeDocument(id, name, payload, createdAt, priority)
  return '{"id":' .. cjson.encode(id) .. documentHead(name, createdAt, priority) .. payload .. '}'
end

-- A document that lost `type` and `payload` (a legacy service decoded and wrote it again) gets them back.
function restorePayload(document, fields, name, payload)
  local head = string.match(document, '^(.*)}%s*$')
  local separator = string.match(head, '^%s*{%s*$') and '' or ','
  local typed = fields.type == nil and name and '"type":' .. cjson.encode(name) .. ',' or ''
  return head .. separator .. typed .. '"payload":' .. payload .. '}'
end

-- The document with another priority at its top level, where Go reads it back; the rest stays as it is.
-- One place after the other is tried, since the word may also stand deeper or within a text.
local function withPriority(text, priority)
  local from = 1
  while true do
    local first, last, name = string.find(text, '("priority"%s*:%s*)%-?%d+', from)
    if not first then return text end
    local changed = string.sub(text, 1, first - 1) .. name .. string.format('%d', priority) .. string.sub(text, last + 1)
    local ok, fields = pcall(cjson.decode, changed)
    if ok and type(fields) == 'table' and fields.priority == priority then return changed end
    from = last + 1
  end
end

-- Writes a job's priority into its document; one that cannot be read is left alone.
function writePriority(id, priority)
  local text = redis.pcall('GET', dataKey(id))
  if type(text) == 'string' and #text <= maxDocumentBytes + 65536 then
    redis.call('SET', dataKey(id), withPriority(text, priority), 'KEEPTTL')
  end
end

-- Reads a document's fields. Returns nil and the reason when it is too large or no JSON object.
-- `allowance` is what may come on top of the limit: a document Drover wrote is larger than its payload.
function readDocument(id, allowance)
  local size = redis.pcall('STRLEN', dataKey(id))
  if type(size) == 'table' then return nil, 'document is not a string in Redis' end
  if size == 0 and redis.call('EXISTS', dataKey(id)) == 0 then return nil, 'document is gone' end
  if size > maxDocumentBytes + (allowance or 0) then
    return nil, 'document is ' .. size .. ' bytes; the limit is ' .. maxDocumentBytes
  end
  local text = redis.call('GET', dataKey(id))
  local ok, fields = pcall(cjson.decode, text)
  if not ok and string.find(tostring(fields), 'nested', 1, true) then return nil, 'document is nested too deep' end
  if not ok or type(fields) ~= 'table' or not string.match(text, '^%s*{') then
    return nil, 'document is not a JSON object'
  end
  return fields, text
end

local daysBefore = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 }
-- Milliseconds since 1970 of an RFC 3339 time (any zone, fractions kept), or nil.
function parseTime(text)
  if type(text) ~= 'string' then return nil end
  local y, mo, d, h, mi, s, fraction, zone =
    string.match(text, '^(%d%d%d%d)-(%d%d)-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(%.?%d*)(.*)$')
  if not y then return nil end
  y, mo, d = tonumber(y), tonumber(mo), tonumber(d)
  if y < 1970 or mo < 1 or mo > 12 then return nil end
  local leaps = function(year) return math.floor(year / 4) - math.floor(year / 100) + math.floor(year / 400) end
  local days = (y - 1970) * 365 + leaps(y - 1) - leaps(1969) + daysBefore[mo] + d - 1
  if mo > 2 and y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0) then days = days + 1 end
  local seconds = days * 86400 + tonumber(h) * 3600 + tonumber(mi) * 60 + tonumber(s) + (tonumber('0' .. fraction) or 0)
  local sign, zh, zm = string.match(zone, '^([+-])(%d%d):?(%d%d)$')
  if sign then
    local offset = tonumber(zh) * 3600 + tonumber(zm) * 60
    seconds = sign == '+' and seconds - offset or seconds + offset
  end
  return seconds * 1000
end
