-- Notes what a worker says of its job types, and works out what holds for the queue: the limits, in `types` of meta, and what
-- becomes of jobs that end, in `<p>types:ends`. Both follow from what the live workers say and what was set at run time alone, so
-- that it does not matter who asks, nor in which order. What runs already counts, whenever it started.
-- Input   ARGV[5] who says it: what stands before the colon of a worker's tokens; '' = by hand, for types that are given, not all
--         ARGV[6] JSON (see `declared`), or '' to take all of it back  ARGV[7] ms for which it holds, 0 = until it is taken back
--         ARGV[8] cursor to go on from with the running jobs, '0' at first
-- Output  cursor to go on from, '0' at the end
--@include typelimits run declared agreed

checkTypes()
mustBe(base .. 'types:declared', 'hash')
mustBe(base .. 'types:ends', 'hash')
mustBe(base .. 'types:settings', 'hash')

local function scanRunning(limits)
  local scanned = redis.call('ZSCAN', keys.leases, ARGV[8], 'COUNT', 1000)
  for at = 1, #scanned[2], 2 do
    local id = scanned[2][at]
    local name, run = limited.nameOf(id), runOf(id)
    if limits[name] and run and run.finishedOn == '' and redis.call('HEXISTS', keys.slots, id) == 0 then
      limited.enter(id, limited.workerOf(run.token), name)
    end
  end
  return scanned[1]
end

if ARGV[8] ~= '0' then return scanRunning(limited.limits() or {}) end

declared.note(ARGV[5], ARGV[6], tonumber(ARGV[7]))
local agreed = agree()
declared.writeEnds(agreed.ends)

local text = setting('types')
local before = text and declared.parsed(text)
if declared.isSame(before, agreed.types) or not text and next(agreed.types.limits) == nil then return '0' end
redis.call('HSET', keys.meta, 'types', cjson.encode(agreed.types))
forgetSettings()
local cursor = scanRunning(agreed.types.limits)
if hasWaiting() then limited.askAll() end
return cursor
