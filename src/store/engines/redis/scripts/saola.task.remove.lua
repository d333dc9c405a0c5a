-- saola.task.remove: key ids-or-filter-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-filters task-lists
local count = 0
local jobs, wanted, cursor = which(ARGV[1], { 'done', 'dead', 'cancelled' })
for _, job in ipairs(jobs) do
  if job.state ~= 'active' and isAmong(wanted, job.state) then
    -- Whoever waits for its result is told.
    if not isFinal[job.state] then cancelNow(job) end
    drop(job)
    if job.uniqueKey and redis.call('GET', named('unique', job.uniqueKey)) == job.id then
      redis.call('DEL', named('unique', job.uniqueKey))
    end
    wake('job:' .. job.id, wokenMax)
    count = count + 1
  end
end
settle()
return changed(count, cursor)
