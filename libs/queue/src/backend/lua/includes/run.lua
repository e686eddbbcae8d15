-- Runs of jobs by Drover's workers: `<p>runs` holds one field for each, with all that the run changed. It is written into
-- the job's own runtime state only when something else happens to the job than completing. One hash for all jobs can
-- be read and written for many at once, which a token in each job's own could not.
--@include context typelimits
--@exports countOf runText plainRunTail isPlainRun parseRun runOf appendRun endRun

-- A run, all texts: `tied` ('0' when the job is plain, so that its end has nothing else to look at, else '1'), `token`,
-- `processedOn` (ms), `started` and `made` (attempts when it began), `worker` (name or '', without line breaks),
-- `finishedOn` (ms, '' while it runs). The text is
--   <tied><token>\n<processedOn> <started> <made> <worker>\n<finishedOn>
-- so that whether it is that of a plain job under some token is seen by its beginning, and an end only puts a time
-- behind it: to read a run in parts costs as much as several commands.
function runText(run)
  return run.tied .. run.token .. '\n' .. run.processedOn .. ' ' .. run.started .. ' ' .. run.made .. ' ' .. run.worker
    .. '\n' .. run.finishedOn
end

-- A count as it is kept, 0 for what is none: anything may have been written by hand.
function countOf(text) return text and string.match(text, '^%d+$') or '0' end

-- What stands behind '0' and the token in the text of a plain job's first run.
function plainRunTail(worker) return '\n' .. ARGV[1] .. ' 1 0 ' .. worker .. '\n' end

local LINE_BREAK = 10

-- Whether the text is that of a plain job which runs under `token`.
function isPlainRun(text, token)
  local start = '0' .. token .. '\n'
  return text and string.sub(text, 1, #start) == start and string.byte(text, -1) == LINE_BREAK
end

-- The run that a text stands for; nil for false, and for what nobody of us wrote.
function parseRun(text)
  if not text then return nil end
  local tied, token, processedOn, started, made, worker, finishedOn =
    string.match(text, '^([01])(.*)\n(%d+) (%d+) (%d+) ([^\n]*)\n(%d*)$')
  if not tied then return nil end
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

-- Forgets a job's run, and writes into its state what the run changed. A job whose keys are gone stays gone. Whatever ends a
-- claim but a worker's report comes by here.
function endRun(id)
  limited.leave(id)
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
