-- Appends a row to a job's log.
-- Input   ARGV[5] id  ARGV[6] row  ARGV[7] how many rows to keep, 0 = all
-- Output  number of rows, -1 no such job
--@include context

local id, keep = ARGV[5], tonumber(ARGV[7])
if redis.call('EXISTS', jobKey(id)) == 0 then return -1 end
local rows = redis.call('RPUSH', logsKey(id), ARGV[6])
if keep > 0 and rows > keep then
  redis.call('LTRIM', logsKey(id), -keep, -1)
  rows = keep
end
local ends = redis.call('PEXPIRETIME', jobKey(id))
if ends > 0 then redis.call('PEXPIREAT', logsKey(id), exact(ends)) end
return rows
