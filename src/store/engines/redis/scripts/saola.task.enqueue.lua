-- saola.task.enqueue: key jobs-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-job-checks task-enqueue
local replies = addAll(listIn(ARGV[1], 'what is enqueued'))
settle()
return listOf(replies)
