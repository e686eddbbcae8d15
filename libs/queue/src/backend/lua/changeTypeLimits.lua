-- Sets how many jobs of a type run at once, for several types. What runs already counts, whenever it started.
-- Input   ARGV[5] JSON: `limits` (type -> object with `global` and `perProcess`, each a number, 0 = none may run, or absent;
--         false = no limit), `untyped` (the type of jobs that name none)
--         ARGV[6] '1' = only where nobody ever set any  ARGV[7] cursor to go on from with the running jobs, '0' at first
-- Output  cursor to go on from, '0' at the end
--@include typelimits run

checkTypes()
local given = cjson.decode(ARGV[5])
local before, untyped = limited.limits()
if ARGV[6] == '1' and before and ARGV[7] == '0' then return '0' end

local limits, isChanged = {}, untyped ~= given.untyped
for name, limit in pairs(before or {}) do limits[name] = limit end
local function isSame(a, b)
  return a and b and a.global == b.global and a.perProcess == b.perProcess or not a and not b
end
for name, limit in pairs(given.limits) do
  if not isSame(limits[name], limit) then
    isChanged = true
    limits[name] = limit or nil
  end
end
if not before and next(limits) == nil then return '0' end
if isChanged then
  redis.call('HSET', keys.meta, 'types', cjson.encode({ limits = limits, untyped = given.untyped }))
  forgetSettings()
end

local scanned = redis.call('ZSCAN', keys.leases, ARGV[7], 'COUNT', 1000)
for at = 1, #scanned[2], 2 do
  local id = scanned[2][at]
  local name, run = limited.nameOf(id), runOf(id)
  if limits[name] and run and run.finishedOn == '' and redis.call('HEXISTS', keys.slots, id) == 0 then
    limited.enter(id, limited.workerOf(run.token), name)
  end
end
if isChanged and hasWaiting() then limited.askAll() end
return scanned[1]
