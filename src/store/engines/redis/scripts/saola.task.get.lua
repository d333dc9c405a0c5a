-- saola.task.get: key id
-- prelude
-- with: tasks
return jsonOf(ARGV[1]) or false
