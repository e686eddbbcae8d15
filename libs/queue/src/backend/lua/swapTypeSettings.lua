-- Changes what is set for a job type at run time, if it is still what the caller knows.
-- Input   ARGV[5] type  ARGV[6] JSON that the caller knows, '' = nothing is set  ARGV[7] JSON to set, '' = nothing
-- Output  1, or 0 when something else is set: nothing changed
-- Events  the type on `<p>types:changed`
--@include context

local key, kind = base .. 'types:settings', ARGV[5]
if (redis.call('HGET', key, kind) or '') ~= ARGV[6] then return 0 end
if ARGV[7] == '' then redis.call('HDEL', key, kind) else redis.call('HSET', key, kind, ARGV[7]) end
redis.call('PUBLISH', base .. 'types:changed', kind)
return 1
