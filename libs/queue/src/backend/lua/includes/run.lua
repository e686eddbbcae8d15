-- Runs of jobs by Drover's workers: `<p>runs` holds one field for each, with all that the run changed. It is written into
-- the job's own runtime state only when something else happens to the job than completing. One hash for all jobs can
-- be read and written for many at once, which a token in each job's own could not.
--@include context
--@exports countOf runText plainRunText isPlainRun endedText parseRun runOf appendRun endRun

-- A run, all texts: `tied` ('0' when the job is plain, so that its end has nothing else to look at, else '1'),
-- `finishedOn` (ms, '' while it runs), `processedOn` (ms), `started` and `made` (attempts when it began), `worker` (name or
-- '', without line breaks), `token`. While it runs the text is
--   <tied>r <processedOn> <started> <made> <worker>\n<token>
-- and an end only puts a time behind a letter (`endedText`): to read a run in parts costs as much as several commands.
function runText(run)
  return run.tied .. 'r ' .. run.processedOn .. ' ' .. run.started .. ' ' .. run.made .. ' ' .. run.worker .. '\n' .. run.token
end

-- A count as it is kept, 0 for what is none: anything may have been written by hand.
function countOf(text) return text and string.match(text, '^%d+$') or '0' end

-- What stands before the token in the text of a plain job's first run.
function plainRunText(worker) return '0r ' .. ARGV[1] .. ' 1 0 ' .. worker .. '\n' end

-- Whether the text is that of a plain job which runs under `token`.
function isPlainRun(text, token)
  return text and string.sub(text, 1, 3) == '0r ' and string.sub(text, -#token - 1) == '\n' .. token
end

-- The text of a run that has just completed.
function endedText(text, finishedOn) return string.sub(text, 1, 1) .. 'e' .. finishedOn .. string.sub(text, 3) end

-- The run that a text stands for; nil for false, and for what nobody of us wrote.
function parseRun(text)
  if not text then return nil end
  local tied, finishedOn, processedOn, started, made, worker, token =
    string.match(text, '^([01])[re](%d*) (%d+) (%d+) (%d+) ([^\n]*)\n(.*)$')
  if not token then return nil end
  return {
    tied = tied, finishedOn = finishedOn, processedOn = processedOn, started = started, made = made, worker = worker,
    token = token,
  }
end

function runOf(id) return parseRun(redis.call('HGET', keys.runs, id)) end

-- Puts what a run changed behind `fields`, names and values. Returns how many there are now.
function appendRun(fields, run)
  local last = #fields
  fields[last + 1], fields[last + 2] = 'processedOn', run.processedOn
  fields[last + 3], fields[last + 4] = 'attemptsStarted', run.started
  last = last + 4
  if run.worker ~= '' then
    fields[last + 1], fields[last + 2] = 'processedBy', run.worker
    last = last + 2
  end
  if run.finishedOn ~= '' then
    fields[last + 1], fields[last + 2] = 'finishedOn', run.finishedOn
    fields[last + 3], fields[last + 4] = 'attemptsMade', tostring(run.made + 1)
    fields[last + 5], fields[last + 6] = 'endedBy', run.token
    last = last + 6
  end
  return last
end

-- Forgets a job's run, and writes into its state what the run changed. A job whose keys are gone stays gone.
function endRun(id)
  local text = redis.call('HGET', keys.runs, id)
  if not text then return end
  redis.call('HDEL', keys.runs, id)
  local run = parseRun(text)
  if not run then return end
  if redis.call('EXISTS', jobKey(id), dataKey(id)) == 0 then return end
  local fields = {}
  appendRun(fields, run)
  redis.pcall('HSET', jobKey(id), unpack(fields))
end
