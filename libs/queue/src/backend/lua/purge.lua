-- Removes dead letters. A parent that waits for one goes on, as when it is removed by hand.
-- Input   ARGV[5..] ids, at most 500
-- Output  ids that were removed; the others are no dead letters (any more)
-- Events  removed
--@include discard settle

checkTypes()
local purged = {}
for at = 5, #ARGV do
  local id = ARGV[at]
  dropIfExpired(id)
  if redis.call('ZSCORE', keys.dead, id) then
    leaveParent(id, false)
    discardTree({ { base = base, id = id } })
    purged[#purged + 1] = id
  end
end
return purged
