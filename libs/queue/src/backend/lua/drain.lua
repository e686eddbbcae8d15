-- Removes jobs that wait, at most 500 a call.
-- Input   ARGV[5] '1' = the delayed ones too
-- Output  1 when there may be more, else 0
--@include discard settle

checkTypes()
local ids = redis.call('ZRANGE', keys.queue, 0, 499)
if #ids == 0 and ARGV[5] == '1' then ids = redis.call('ZRANGE', keys.delayed, 0, 499) end
for _, id in ipairs(ids) do discard(id, true) end
return #ids > 0 and 1 or 0
