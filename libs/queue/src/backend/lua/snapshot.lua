-- Reads jobs as they stand at one moment of the event stream; changes nothing.
-- Input   ARGV[5] most bytes of a payload, document or result  ARGV[6] bytes after which no further job is read
--         ARGV[7..] ids
-- Output  { id generated last in the event stream, job, job, ... }, fewer jobs than ids when there were too many bytes.
--         A job is 0 when there is none with its id, else { flat runtime fields, document or false, result or false,
--         state, names of the texts that are too large }
--@include whereabouts run

local most, enough = tonumber(ARGV[5]), tonumber(ARGV[6])
local total = 0

local function textOf(key)
  local size = redis.pcall('STRLEN', key)
  if type(size) == 'table' or size == 0 then return false end
  if size > most then return false, true end
  local text = redis.call('GET', key)
  total = total + size
  return text
end

local function plainOf(id)
  -- Its other parts are small; what they are in is read whole or not at all.
  local size = redis.call('HSTRLEN', keys.plain, id)
  if size == 0 then return nil end
  if size <= most + 65536 then return redis.call('HGET', keys.plain, id) end
  local text = redis.call('HGET', keys.plain, id)
  local head = string.match(text, '^[^\n]*\n[^\n]*\n[^\n]*\n[^\n]*\n')
  return head and head .. 'null', true
end

local function fieldsOf(id)
  local fields = redis.pcall('HGETALL', stateKey(id))
  if fields.err then fields = {} end
  local isLarge = false
  for at = 1, #fields, 2 do
    if #fields[at + 1] > most then
      if fields[at] == 'data' then isLarge = true end
      fields[at + 1] = fields[at] == 'data' and 'null' or ''
    end
    total = total + #fields[at + 1]
  end
  return fields, isLarge
end

local function isAmong(fields, name)
  for at = 1, #fields, 2 do
    if fields[at] == name then return true end
  end
  return false
end

local function read(id)
  local fields, isLarge = fieldsOf(id)
  local ends = redis.call('ZSCORE', keys.expiring, id)
  -- The two hashes have no TTL for each job: what has ended is gone, though it may still stand there.
  local isGone = ends and tonumber(ends) <= serverNow()
  local hasPayload = isAmong(fields, 'data')
  if not isGone then
    local plain, isPlainLarge = plainOf(id)
    if plain then
      fields[#fields + 1], fields[#fields + 2] = 'plain', plain
      isLarge = isLarge or isPlainLarge
      hasPayload = true
      total = total + #plain
    end
    local run = runOf(id)
    if run then appendRun(fields, run) end
  end
  local omitted, document = {}, false
  if not hasPayload then
    local isDocumentLarge
    document, isDocumentLarge = textOf(dataKey(id))
    isLarge = isLarge or isDocumentLarge
  end
  if #fields == 0 and not document and not isLarge then return 0 end
  if isLarge then omitted[1] = 'payload' end
  local result, isResultLarge = textOf(resultKey(id))
  if isResultLarge then omitted[#omitted + 1] = 'result' end
  return { fields, document, result, stateOf(id), omitted }
end

local info = redis.pcall('XINFO', 'STREAM', keys.events)
local last = '0-0'
for at = 1, info.err and 0 or #info, 2 do
  if info[at] == 'last-generated-id' then last = info[at + 1] end
end
local answer = { last }
for at = 7, #ARGV do
  if total > enough then break end
  answer[#answer + 1] = read(ARGV[at])
end
return answer
