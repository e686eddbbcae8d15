-- Drops readers of a group that have nothing left to acknowledge.
-- Input   ARGV[5] group  ARGV[6] name of one reader, or '' for all that have been idle for long  ARGV[7] ms that are long
-- Output  how many were dropped
--@include context

if redis.call('EXISTS', keys.events) == 0 then return 0 end
local consumers = redis.pcall('XINFO', 'CONSUMERS', keys.events, ARGV[5])
if consumers.err then return 0 end
local dropped = 0
for _, flat in ipairs(consumers) do
  local fields = {}
  for at = 1, #flat, 2 do fields[flat[at]] = flat[at + 1] end
  local isMeant = fields.name == ARGV[6] or ARGV[6] == '' and fields.idle >= tonumber(ARGV[7])
  if isMeant and fields.pending == 0 then
    redis.call('XGROUP', 'DELCONSUMER', keys.events, ARGV[5], fields.name)
    dropped = dropped + 1
  end
end
return dropped
