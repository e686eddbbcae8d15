-- Reads why dead letters failed, the newest first, 500 a call.
-- Input   ARGV[5] how many of them to pass over  ARGV[6] type of jobs that name none  ARGV[7] most bytes of a reason
-- Output  for each: id, time of death in ms, type, code or '', reason or ''
--@include context

local LOOK = 500
local most = tonumber(ARGV[7])
local rows = redis.call('ZRANGE', keys.dead, '+inf', '-inf', 'BYSCORE', 'REV', 'LIMIT', ARGV[5], LOOK, 'WITHSCORES')
local flat = {}
for at = 1, #rows, 2 do
  local known = redis.pcall('HMGET', stateKey(rows[at]), 'name', 'failedCode', 'failedReason')
  if known.err then known = {} end
  flat[#flat + 1] = rows[at]
  flat[#flat + 1] = rows[at + 1]
  flat[#flat + 1] = known[1] or ARGV[6]
  flat[#flat + 1] = known[2] or ''
  flat[#flat + 1] = string.sub(known[3] or '', 1, most)
end
return flat
