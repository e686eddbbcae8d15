-- The queue's settings that transitions ask for, in `<p>meta`: read once a call. Whoever changes one in a script
-- forgets what was read.
--@include context

local SETTINGS = { 'paused', 'concurrency', 'max', 'duration', 'metrics', 'opts.maxLenEvents' }

-- A setting's text, or false where it is not set.
local function setting(name)
  local read = memo.settings
  if not read then
    read = {}
    for at, value in ipairs(redis.call('HMGET', keys.meta, unpack(SETTINGS))) do read[SETTINGS[at]] = value end
    memo.settings = read
  end
  return read[name]
end

local function forgetSettings() memo.settings = nil end
