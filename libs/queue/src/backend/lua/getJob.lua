-- Reads everything about one job; changes nothing.
-- Input   ARGV[5] id
-- Output  { flat runtime fields, document or false, status or false, result or false, state, place in the queue from 0
--         or -1, score among the delayed or false }, or false when there is no such job
--@include whereabouts run

local id = ARGV[5]
local fields = redis.pcall('HGETALL', stateKey(id))
if fields.err then fields = {} end
local ends = redis.call('ZSCORE', keys.expiring, id)
-- The two hashes have no TTL for each job: what has ended is gone, though it may still stand there.
local isGone = ends and tonumber(ends) <= serverNow()
local plain = not isGone and redis.call('HGET', keys.plain, id)
if plain then
  fields[#fields + 1] = 'plain'
  fields[#fields + 1] = plain
end
local run = not isGone and runOf(id)
local document = redis.pcall('GET', dataKey(id))
if type(document) ~= 'string' then document = false end
if #fields == 0 and not document then return false end
if run then appendRun(fields, run) end
local status = redis.pcall('GET', statusKey(id))
local result = redis.pcall('GET', resultKey(id))
return {
  fields,
  document,
  type(status) == 'string' and status,
  type(result) == 'string' and result,
  stateOf(id),
  redis.call('ZRANK', keys.queue, id) or -1,
  not redis.call('ZSCORE', keys.parked, id) and redis.call('ZSCORE', keys.delayed, id),
}
