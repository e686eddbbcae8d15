-- Wakes a worker, if jobs wait: somebody who took a wake-up claims none.
-- Output  0
--@include wake

if hasWaiting() then wakeWorker() end
armDue()
return 0
