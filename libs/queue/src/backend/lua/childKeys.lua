-- Reads keys of a job's children, some a call; results and reasons stay where they are.
-- Input   ARGV[5] id  ARGV[6] 'pending', 'processed', 'ignored' or 'unsuccessful'  ARGV[7] cursor, '0' at first
-- Output  { cursor to go on from, '0' at the end; keys, some perhaps twice }
--@include context

local COUNT = 500
local id, kind, cursor = ARGV[5], ARGV[6], ARGV[7]
if kind == 'pending' then
  local found = redis.call('SSCAN', pendingKey(id), cursor, 'COUNT', COUNT)
  return { found[1], found[2] }
end
local found = kind == 'unsuccessful' and redis.call('ZSCAN', unsuccessfulKey(id), cursor, 'COUNT', COUNT)
  or redis.call('HSCAN', kind == 'processed' and processedKey(id) or ignoredKey(id), cursor, 'COUNT', COUNT)
local names = {}
for at = 1, #found[2], 2 do names[#names + 1] = found[2][at] end
return { found[1], names }
