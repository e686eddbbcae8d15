-- Ends running jobs as completed or failed, and claims the next ones: all that workers of one process report and ask
-- for in one turn, in one step.
-- Input   ARGV[5] lease in ms  ARGV[6] worker's name or ''  ARGV[7] ids to leave to other workers, JSON array, or ''
--         ARGV[8] worker's terms, JSON, or ''  ARGV[9] number of reports
--         ARGV[10..] ten per report: id, token ('0' = none needed), 'completed' or 'failed', result JSON or reason, extra
--         fields (JSON array of names and values, or ''), attempts allowed, how many of this end to keep (-1 all,
--         0 none), seconds to keep (0 any), most to evict, '1' = claim the next under the same token;
--         then the token of each further claim
-- Output  for each report, then for each further claim: the claim's tuple, 0 when none was asked for; a report may get
--         an error, or -1 no such job, -2 claim gone, -3 not running, -4 children are pending, -6 held by another,
--         -9 a child failed that must not
-- Events  completed or failed, retries-exhausted, active, drained; waiting (promoted, adopted).
--         Contract: status_updated, job_completed, job_failed
--@include claim report

local REPORT_ARGUMENTS = 10

checkTypes()
local reports, last = {}, 9 + REPORT_ARGUMENTS * tonumber(ARGV[9])
for at = 10, last, REPORT_ARGUMENTS do
  reports[#reports + 1] = {
    id = ARGV[at], token = ARGV[at + 1], target = ARGV[at + 2], value = ARGV[at + 3], fields = ARGV[at + 4],
    attempts = tonumber(ARGV[at + 5]), keepCount = tonumber(ARGV[at + 6]), keepAge = tonumber(ARGV[at + 7]),
    keepLimit = tonumber(ARGV[at + 8]), goesOn = ARGV[at + 9] == '1',
  }
end
if #reports > 0 then endJobs(reports) end

local answers, tokens, places = {}, {}, {}
local function claimFor(token, place)
  tokens[#tokens + 1] = token
  places[#places + 1] = place
end
for at, report in ipairs(reports) do
  answers[at] = report.answer or 0
  if not report.answer and report.goesOn then claimFor(report.token, at) end
end
for at = last + 1, #ARGV do claimFor(ARGV[at], #reports + at - last) end

local claimed = #tokens > 0 and claimJobs(tokens, {
  lease = tonumber(ARGV[5]), worker = ARGV[6], others = ARGV[7], terms = ARGV[8],
}) or {}
local isIdle = false
for _, report in ipairs(reports) do isIdle = isIdle or not report.answer end
for at, tuple in ipairs(claimed) do
  answers[places[at]] = tuple
  if tuple[1] then isIdle = false end
end
if isIdle then emitDrained() end
if #claimed < #reports then slotFreed() end
return answers
