-- saola.task.progress: key worker id token progress-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-sessions task-answers
checkBytes(ARGV[4], 'progress', 65536)
goOnWhenFull()
local job = ownJob(ARGV[1], ARGV[2], integer(ARGV[3]))
if not job then return '"lost"' end
change(job, 'active', { 'progress', ARGV[4] })
return '"ok"'
