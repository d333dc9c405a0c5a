-- saola.task.wait: key id version wait-ms request
-- prelude
-- with: clock rate tasks task-wakes task-states task-limits task-ends task-sessions task-rates task-timers
local id, version, request = ARGV[1], integer(ARGV[2]), ARGV[4]
goOnWhenFull()
passTime()
settle()
local job, name = jobOf(id), 'job:' .. id
if not job then return false end
if job.version > version then
  waitNoMore({ name }, request)
  return jsonOf(id)
end
-- Whoever changes it need not look for those who wait, but while there may be some.
redis.call('HSET', named('job', id), 'watched', digits(at + aliveMs))
return waitOn({ name }, request)
