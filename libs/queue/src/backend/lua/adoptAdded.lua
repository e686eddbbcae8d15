-- Adopts what legacy services added; run when one of them says so, and by the reconciler.
-- Input   ARGV[5] '1' = look thoroughly  ARGV[6..] ids in the order they were announced
-- Output  1 when there may be more, 2 when as many jobs run as the queue allows, else 0
-- Events  added, waiting
--@include added

checkTypes()
local announced = {}
for at = 6, #ARGV do announced[at - 5] = ARGV[at] end
local adopted = adoptAnnounced(announced)
local _, more = adoptAdded(200, ARGV[5] == '1')
if adopted > 0 then wakeWorker() end
if more then return 1 end
return isMaxed() and 2 or 0
