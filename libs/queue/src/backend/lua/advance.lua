-- Ends running jobs as completed or failed, and claims the next ones: all that workers of one process report and ask
-- for in one turn, in one step.
-- Input   ARGV[5] lease in ms  ARGV[6] worker's name or ''  ARGV[7] ids to leave to other workers, JSON array, or ''
--         ARGV[8] worker's terms, JSON, or ''  ARGV[9] number of reports
--         ARGV[10..] four per report: id, token ('0' = none needed), result JSON or reason, and how it ends: 'completed',
--         'completed+' when the next job is to be claimed under the same token, or JSON (see `report`); then the token of
--         each further claim
-- Output  flat: the time of the call as it was given; for each report, then for each further claim:
--         0 for a report without a claim; a negative code for one that was refused: -1 no such job, -2 claim gone,
--         -3 not running, -4 children are pending, -6 held by another, -9 a child failed that must not;
--         1, id, number of texts, texts (the job's fields) for a claimed job;
--         4, id, its text, for a plain one that starts for the first time (see `context`);
--         2, ms of a rate limit, time of the next delayed job, 1 when there is more to do before there is an answer, 1 at the
--         limit of running jobs, for none; 3 and the text of an error
-- Events  completed or failed, retries-exhausted, active, drained; waiting (promoted, adopted).
--         Contract: status_updated, job_completed, job_failed
--@include claim report

local reports = readReports(tonumber(ARGV[9]), 10)
checkUsualTypes(reports.isUsual, reports.count)
local firstClaim = reports.before + 4 * reports.count + 4
if setting('types') then
  local token = ARGV[firstClaim]
  for nth = 1, token and 0 or reports.count do
    if reports.modes[nth].goesOn then token = ARGV[reports.before + 4 * nth + 1] end
  end
  if token then limited.willClaim(token) end
end
local ended = reports.count > 0 and endJobs() or 0

local modes, answers, before = reports.modes, reports.answers, reports.before
local tokens, wanted = {}, 0
for nth = 1, reports.count do
  if modes[nth].goesOn and not answers[nth] then
    wanted = wanted + 1
    tokens[wanted] = ARGV[before + 4 * nth + 1]
  end
end
local isWoken = ARGV[firstClaim] ~= nil
for at = firstClaim, isWoken and #ARGV or 0 do
  wanted = wanted + 1
  tokens[wanted] = ARGV[at]
end

local flat, size = { ARGV[1], 0, 0, 0 }, 1
local count, wait, due, hasMore, isAtLimit = 0, 0, 0, 0, 0
if wanted > 0 then
  count, wait, due, hasMore, isAtLimit =
    claimJobs(tokens, wanted, isWoken, tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8])
end

local function put(value)
  size = size + 1
  flat[size] = value
end
local next = 0
local function putClaim()
  next = next + 1
  local text = claimed.texts[next]
  if next > count then
    put(2)
    put(wait)
    put(due)
    put(hasMore)
    put(isAtLimit)
  elseif text then
    flat[size + 1], flat[size + 2], flat[size + 3] = 4, claimed.ids[next], text
    size = size + 3
  else
    local fields = claimed.fields[next]
    put(1)
    put(claimed.ids[next])
    put(#fields)
    for _, value in ipairs(fields) do put(value) end
  end
end
for nth = 1, reports.count do
  local answer = answers[nth]
  if not answer then
    if modes[nth].goesOn then putClaim() else put(0) end
  elseif type(answer) == 'table' then
    put(3)
    put(answer.err)
  else
    put(answer)
  end
end
for _ = next + 1, wanted do putClaim() end

if claimed.isLarge then
  for row = 1, count do claimed.texts[row], claimed.fields[row] = false, false end
end
if ended > 0 then
  if count == 0 then emitDrained() end
  if wanted < reports.count then slotFreed() end
end
if memo.news then limited.askAll() end
return flat
