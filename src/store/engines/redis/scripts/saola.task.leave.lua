-- saola.task.leave: key worker
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-sessions
if hasSession(ARGV[1]) then endSession(ARGV[1]) end
settle()
return redis.status_reply('OK')
