-- Reads everything about jobs; changes nothing.
-- Input   ARGV[5] bytes after which no further job is read  ARGV[6..] ids
-- Output  for each id { flat runtime fields, document or false, status or false, result or false, state, place in the
--         queue from 0 or -1, score among the delayed or false }, or false when there is no such job; fewer than ids, but one,
--         when there were too many bytes
--@include whereabouts run

local enough = tonumber(ARGV[5])
local total = 0

local function textAt(key)
  local text = redis.pcall('GET', key)
  if type(text) ~= 'string' then return false end
  total = total + #text
  return text
end

local function fieldsOf(id)
  local fields = redis.pcall('HGETALL', stateKey(id))
  if fields.err then fields = {} end
  local ends = redis.call('ZSCORE', keys.expiring, id)
  -- The two hashes have no TTL for each job: what has ended is gone, though it may still stand there.
  if ends and tonumber(ends) <= serverNow() then return fields end
  local plain = redis.call('HGET', keys.plain, id)
  if plain then
    fields[#fields + 1], fields[#fields + 2] = 'plain', plain
  end
  return fields, runOf(id)
end

local function read(id)
  local fields, run = fieldsOf(id)
  local document = textAt(dataKey(id))
  if #fields == 0 and not document then return false end
  if run then appendRun(fields, run) end
  for at = 2, #fields, 2 do total = total + #fields[at] end
  return {
    fields,
    document,
    textAt(statusKey(id)),
    textAt(resultKey(id)),
    stateOf(id),
    redis.call('ZRANK', keys.queue, id) or -1,
    not redis.call('ZSCORE', keys.parked, id) and redis.call('ZSCORE', keys.delayed, id),
  }
end

local answer = {}
for at = 6, #ARGV do
  if total > enough then break end
  answer[#answer + 1] = read(ARGV[at])
end
return answer
