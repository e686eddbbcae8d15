-- Finds running jobs by the tokens they were claimed under, a few hundred runs a call.
-- Input   ARGV[5] where to go on: '0' at first  ARGV[6..] tokens
-- Output  where to go on, '0' at the end; then id and token of each job found, perhaps more than once
--@include run

checkTypes()
local wanted = {}
for at = 6, #ARGV do wanted[ARGV[at]] = true end

local scanned = redis.call('HSCAN', keys.runs, ARGV[5], 'COUNT', 300)
local found, texts = { scanned[1] }, scanned[2]
for at = 1, #texts, 2 do
  local run = parseRun(texts[at + 1])
  if run and run.finishedOn == '' and wanted[run.token] then
    found[#found + 1] = texts[at]
    found[#found + 1] = run.token
  end
end
return found
