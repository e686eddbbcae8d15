-- Replaces a job's payload (of a legacy job: its document).
-- Input   ARGV[5] id  ARGV[6] payload JSON  ARGV[7] document JSON of a legacy job (used when it has no payload)
-- Output  0, -1 no such job, -12 a legacy job's document must be an object
-- Events  none
--@include document place

local id, payload = ARGV[5], ARGV[6]
if redis.call('EXISTS', jobKey(id), dataKey(id)) == 0 then return -1 end
if redis.call('HEXISTS', jobKey(id), 'data') == 0 then
  if not string.match(payload, '^%s*{') then return -12 end
  redis.call('SET', dataKey(id), payload, 'KEEPTTL')
  return 0
end
redis.call('HSET', jobKey(id), 'data', payload)
redis.call('SET', dataKey(id), composeDocument(id, redis.call('HGET', jobKey(id), 'name'), payload, ARGV[7], notedPriority(id)), 'KEEPTTL')
return 0
