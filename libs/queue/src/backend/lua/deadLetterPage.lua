-- Finds dead letters behind a place in their list, the newest first; looks at 500 a call.
-- Input   ARGV[5] type, or '' for all  ARGV[6] type of jobs that name none  ARGV[7] time of death in ms of the one before,
--         or '+inf'  ARGV[8] its id, or ''  ARGV[9] how many are wanted
-- Output  { ids that fit, times of death and ids of the last one looked at, or '' at the end, how many were looked at }
--@include context

local LOOK, MOST = 500, 20
local wanted, latest, before, most = ARGV[5], ARGV[7], ARGV[8], tonumber(ARGV[9])

-- The one before may be gone; those of its time are in the reverse order of their ids.
local function isBehind(id, time) return latest == '+inf' or tonumber(time) < tonumber(latest) or id < before end

local found, looked, last, skip = {}, 0, { '', '' }, 0
local rank = latest ~= '+inf' and before ~= '' and redis.call('ZREVRANK', keys.dead, before)
if rank and tonumber(redis.call('ZSCORE', keys.dead, before)) == tonumber(latest) then
  skip = rank + 1 - redis.call('ZCOUNT', keys.dead, '(' .. latest, '+inf')
end
for _ = 1, MOST do
  local rows = redis.call('ZRANGE', keys.dead, latest, '-inf', 'BYSCORE', 'REV', 'LIMIT', skip, LOOK, 'WITHSCORES')
  for at = 1, #rows, 2 do
    local id, time = rows[at], rows[at + 1]
    if isBehind(id, time) then
      looked, last = looked + 1, { time, id }
      local name = wanted ~= '' and redis.pcall('HGET', stateKey(id), 'name')
      if wanted == '' or (type(name) == 'string' and name or ARGV[6]) == wanted then found[#found + 1] = id end
      if #found >= most or looked >= LOOK then return { found, last, looked } end
    end
  end
  if #rows < 2 * LOOK then return { found, { '', '' }, looked } end
  skip = skip + LOOK
end
return { found, last, looked }
