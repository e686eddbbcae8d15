-- What becomes of jobs of a type when they end, as live workers say it (see `declared`): for ends that no worker reports which has
-- the type. `<p>types:ends` has it by type; the field '' is the type of jobs that name none.
--@include context
--@exports typeEnds
typeEnds = {}

-- The rule of a type (nil = that of jobs that name none), or nil where no live worker has it: `name`, and ms for which
-- jobs are kept that `completed`, `failed`, or are `dead`, each nil where it is not declared.
function typeEnds.of(name)
  name = name or redis.pcall('HGET', base .. 'types:ends', '')
  local text = type(name) == 'string' and redis.pcall('HGET', base .. 'types:ends', name)
  local completed, failed, dead = string.match(type(text) == 'string' and text or '', '^(%-?%d+) (%-?%d+) (%-?%d+)$')
  if not completed then return nil end
  local function given(ms)
    ms = tonumber(ms)
    return ms >= 0 and ms or nil
  end
  return { name = name, completed = given(completed), failed = given(failed), dead = given(dead) }
end

-- The ms for which a job is kept that ends so ('completed', 'failed' or 'cancelled'), or nil; and true for a dead letter.
function typeEnds.lastsOf(rule, status)
  if status == 'completed' then return rule.completed, nil end
  if status == 'failed' and rule.dead then return rule.dead, true end
  return rule.failed, nil
end
