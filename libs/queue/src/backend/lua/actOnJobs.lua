-- Does one action to each of some jobs. One that cannot be done to a job, or that meets a key of the wrong type, leaves that job as it
-- is and does not concern the others.
-- Input   ARGV[5] 'retry', 'remove', 'promote' or 'cancel'  ARGV[6] creator that the jobs must have, '' = any
--         ARGV[7] reason of a cancel  ARGV[8..] ids, at most 200
-- Output  one per job: 'done', 'missing', 'scheduled' (the current run of a scheduler, which is not removed), { error }, or the state that
--         does not allow it: ready, delayed, waiting-children, running, completed, failed, cancelled
-- Events  as retry by hand, remove, promote, cancel
--@include facts cancelling finished delayed scheduled tree discard whereabouts

local action, creator, reason = ARGV[5], ARGV[6], ARGV[7]
checkTypes()

local function stateWord(id)
  local state = stateOf(id)
  if state == 'waiting' or state == 'prioritized' then return 'ready' end
  return state == 'active' and 'running' or state
end

local act = {}

function act.cancel(id)
  local ended = cancelJob(id, reason)
  if not ended then return 'missing' end
  if ended == 'cancelled' then return 'done' end
  return ended == 'was cancelled' and 'cancelled' or ended
end

function act.retry(id)
  local state = redis.call('ZSCORE', keys.completed, id) and 'completed' or redis.call('ZSCORE', keys.failed, id) and 'failed'
  if not state then return stateWord(id) end
  runAgain(id, state, 'tail', true, true)
  return 'done'
end

function act.promote(id)
  if not redis.call('ZSCORE', keys.delayed, id) or redis.call('ZSCORE', keys.parked, id) then return stateWord(id) end
  makeReady(id)
  publish(id, 'pending')
  return 'done'
end

function act.remove(id)
  family.checkParentTypes(id)
  if isCurrentRun(id) then return 'scheduled' end
  if isLocked(id) then return 'running' end
  leaveParent(id, false)
  discardTree({ { base = base, id = id } })
  return 'done'
end

local function actOn(id)
  checkJobTypes(id)
  if action ~= 'cancel' then
    dropIfExpired(id)
    -- A legacy service may have ended it without anybody noticing so far.
    if not redis.call('ZSCORE', keys.completed, id) and not redis.call('ZSCORE', keys.failed, id) then settleIfEnded(id) end
  end
  if redis.call('EXISTS', jobKey(id), dataKey(id), statusKey(id)) == 0 then return 'missing' end
  return act[action](id)
end

local ids, answers, done = {}, {}, 0
for at = 8, #ARGV do ids[at - 7] = ARGV[at] end
local known = creator ~= '' and facts.of(ids)
for at, id in ipairs(ids) do
  if known and facts.creatorOf(known[at]) ~= creator then
    answers[at] = 'missing'
  else
    local ok, answer = attempt(actOn, id)
    answers[at] = ok and answer or { type(answer) == 'table' and answer.err or tostring(answer) }
    if answers[at] == 'done' then done = done + 1 end
  end
end
if done > 0 and (action == 'retry' or action == 'promote') then wakeWorker() end
return answers
