-- Changes settings of the queue that limit it, and wakes a worker that may go on.
-- Input   ARGV[5] 'set', 'unset' or 'replace'  ARGV[6..] names and values to set, or names to remove; with 'replace' names and
--         values, '' = remove
-- Output  how many fields are new, or were removed
--@include wake

checkTypes()
local changed = 0
if ARGV[5] == 'replace' then
  for at = 6, #ARGV, 2 do
    local command = ARGV[at + 1] == '' and { 'HDEL', keys.meta, ARGV[at] } or { 'HSET', keys.meta, ARGV[at], ARGV[at + 1] }
    changed = changed + redis.call(unpack(command))
  end
else
  changed = redis.call(ARGV[5] == 'set' and 'HSET' or 'HDEL', keys.meta, unpack(ARGV, 6))
end
forgetSettings()
if hasWaiting() then wakeWorker() end
return changed
