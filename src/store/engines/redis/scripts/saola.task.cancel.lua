-- saola.task.cancel: key id
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends
goOnWhenFull()
local job = jobOf(ARGV[1])
if not job then return false end
if isFinal[job.state] then return '"finished"' end
if job.state ~= 'active' then
  cancelNow(job)
  settle()
  return '"cancelled"'
end
if not job.isCancelling then
  change(job, 'active', { 'cancelling', '1' })
  redis.call('ZADD', named('cancels', job.worker), digits(at), job.id)
  -- Also those of a wait that has ended are noted for some seconds.
  wake('orders:' .. job.worker, wokenMax)
end
return '"asked"'
