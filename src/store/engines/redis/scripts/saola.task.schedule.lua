-- saola.task.schedule: key name schedule-json
-- prelude
-- with: tasks task-checks task-job-checks task-schedules
checkBytes(ARGV[2], 'a schedule', 1048576)
local key, schedule = scheduleKey(ARGV[1]), decode(ARGV[2])
local function isJob(job)
  if type(job) ~= 'table' then return false end
  checkTemplate(job)
  return true
end
checkFields('a schedule', schedule, { name = isText, spec = isAnyText, next = isNatural, job = isJob }, {})
local before = redis.call('HGET', key, 'text')
local old = before and decode(before)
if old and old.spec == schedule.spec and isSame(old.job, schedule.job) then return '"same"' end
if not before and redis.call('SCARD', tasks .. ':schedules') >= 10000 then
  fail('STORE_TOO_MANY_KEYS there are 10000 schedules')
end
redis.call('SADD', tasks .. ':schedules', ARGV[1])
redis.call('HSET', key, 'text', ARGV[2], 'next', digits(schedule.next))
return before and '"changed"' or '"new"'
