-- Reads a job scheduler.
-- Input   ARGV[5] scheduler
-- Output  { flat fields, time in ms of its current run }, or { false, false }
--@include context

local next = redis.call('ZSCORE', keys.schedulers, ARGV[5])
if not next then return { false, false } end
return { redis.call('HGETALL', base .. 'scheduler:' .. ARGV[5]), next }
