-- Changes settings of the queue that limit it, and wakes a worker that may go on.
-- Input   ARGV[5] 'set' or 'unset'  ARGV[6..] names and values to set, or names to remove
-- Output  how many fields are new, or were removed
--@include wake

checkTypes()
local changed = redis.call(ARGV[5] == 'set' and 'HSET' or 'HDEL', keys.meta, unpack(ARGV, 6))
forgetSettings()
if hasWaiting() then wakeWorker() end
return changed
