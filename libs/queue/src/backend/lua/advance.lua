-- Ends running jobs as completed or failed, and claims the next ones: all that workers of one process report and ask
-- for in one turn, in one step.
-- Input   ARGV[5] lease in ms  ARGV[6] worker's name or ''  ARGV[7] ids to leave to other workers, JSON array, or ''
--         ARGV[8] worker's terms, JSON, or ''  ARGV[9] number of reports
--         ARGV[10..] five per report: id, token ('0' = none needed), 'completed' or 'failed' and '+' when the next job is
--         to be claimed under the same token, result JSON or reason, and what is not usual (see `report`) as JSON or '';
--         then the token of each further claim
-- Output  flat: the time of the call as it was given; for each report, then for each further claim:
--         0 for a report without a claim; a negative code for one that was refused: -1 no such job, -2 claim gone, -3 not running, -4 children are pending, -6 held by another,
--         -9 a child failed that must not; 1, id, number of texts, texts (the job's fields) for a claimed job;
--         4, id, its text, for a plain one that starts for the first time (see `unpackPlain`);
--         2, ms of a rate limit, time of the next delayed job, 1 when more must be adopted first, 1 at the limit of running
--         jobs, for none; 3 and the text of an error
-- Events  completed or failed, retries-exhausted, active, drained; waiting (promoted, adopted).
--         Contract: status_updated, job_completed, job_failed
--@include claim report

checkTypes()
local last = 9 + 5 * tonumber(ARGV[9])
local reports, tokens, rests = {}, {}, { [''] = USUAL }
for at = 10, last, 5 do
  local target, rest = ARGV[at + 2], ARGV[at + 4]
  if not rests[rest] then rests[rest] = cjson.decode(rest) end
  local goesOn = target == 'completed+' or target == 'failed+'
  -- All that is noted of a report stands in it from the start: a table that grows is built anew each time.
  reports[#reports + 1] = {
    id = ARGV[at], token = ARGV[at + 1], target = goesOn and string.sub(target, 1, -2) or target, goesOn = goesOn,
    value = ARGV[at + 3], rest = rests[rest], statusKey = statusKey(ARGV[at]), resultKey = false, text = false, answer = nil,
    isDone = false,
  }
end
if #reports > 0 then endJobs(reports) end

for _, report in ipairs(reports) do
  if report.goesOn and not report.answer then tokens[#tokens + 1] = report.token end
end
for at = last + 1, #ARGV do tokens[#tokens + 1] = ARGV[at] end
local claims = #tokens > 0 and claimJobs(tokens, {
  lease = tonumber(ARGV[5]), worker = ARGV[6], others = ARGV[7], terms = ARGV[8],
}) or { jobs = {}, none = {} }

local answers, size, claimed = { ARGV[1] }, 1, 0
local function put(value)
  size = size + 1
  answers[size] = value
end
local function putClaim()
  claimed = claimed + 1
  local job = claims.jobs[claimed]
  if job then
    answers[size + 1], answers[size + 2], answers[size + 3] = job.plain and 4 or 1, job.id, job.plain or #job.fields
    size = size + 3
    for _, text in ipairs(job.fields or {}) do put(text) end
  else
    put(2)
    for at = 1, 4 do put(claims.none[at] or 0) end
  end
end
local hasEnded = false
for _, report in ipairs(reports) do
  local answer = report.answer
  hasEnded = hasEnded or not (answer or report.isDone)
  if type(answer) == 'table' then
    put(3)
    put(answer.err)
  elseif answer or not report.goesOn then
    put(answer or 0)
  else
    putClaim()
  end
end
for _ = last + 1, #ARGV do putClaim() end

if hasEnded then
  if #claims.jobs == 0 then emitDrained() end
  if #tokens < #reports then slotFreed() end
end
return answers
