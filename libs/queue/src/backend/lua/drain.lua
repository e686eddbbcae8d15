-- Removes jobs that wait, at most 500 a call. The current run of a scheduler stays.
-- Input   ARGV[5] 'queue', 'parked' or 'delayed'  ARGV[6] rank in it to go on from, 0 at first
--         ARGV[7] most to remove; without it 500
-- Output  { rank to go on from, or -1 at the end; how many were removed }
--@include discard settle scheduled

local LOOK = math.min(500, tonumber(ARGV[7]) or 500)
local from, kept = tonumber(ARGV[6]), 0
checkTypes()
local ids = redis.call('ZRANGE', keys[ARGV[5]], from, from + LOOK - 1)
for _, id in ipairs(ids) do
  if isCurrentRun(id) then kept = kept + 1 else discard(id, true) end
end
return { #ids == LOOK and from + kept or -1, #ids - kept }
