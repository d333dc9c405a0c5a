-- saola.task.unschedule: key name
-- prelude
-- with: tasks task-schedules
redis.call('SREM', tasks .. ':schedules', ARGV[1])
return redis.call('DEL', scheduleKey(ARGV[1])) == 1 and 'true' or 'false'
