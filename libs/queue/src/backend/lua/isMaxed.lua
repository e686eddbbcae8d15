-- Tells whether as many jobs run as the queue allows at once.
-- Output  1 or 0
--@include limits

return isMaxed() and 1 or 0
