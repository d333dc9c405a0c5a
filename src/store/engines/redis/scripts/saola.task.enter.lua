-- saola.task.enter: key worker slot lease-ms session-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-sessions
local worker, slot, leaseMs, info = ARGV[1], ARGV[2], integer(ARGV[3]), ARGV[4]
checkBytes(info, 'a session', 1048576)
checkFields('a session', decode(info), {
  worker = isText, slot = isText, pid = isNatural, host = isAnyText, pool = isAnyText,
  queues = function(value) return textsIn(value, 'queues') ~= nil end,
}, { tasks = function(value) return type(value) == 'table' end })
goOnWhenFull()
if not hasSession(worker) and redis.call('SCARD', tasks .. ':sessions') >= 10000 then
  fail('STORE_TOO_MANY_KEYS there are 10000 processes that run tasks')
end
local other = redis.call('HGET', tasks .. ':slots', slot)
if other and other ~= worker then endSession(other) end
redis.call('HSET', named('session', worker), 'info', info, 'slot', slot)
redis.call('SADD', tasks .. ':sessions', worker)
redis.call('HSET', tasks .. ':slots', slot, worker)
renew(worker, leaseMs)
settle()
return redis.status_reply('OK')
