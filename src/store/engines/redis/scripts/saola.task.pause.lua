-- saola.task.pause: key queue is-paused
-- prelude
-- with: tasks task-wakes task-states task-limits
local queue = ARGV[1]
goOnWhenFull()
redis.call('SADD', tasks .. ':queues', queue)
if ARGV[2] == '1' then
  redis.call('SADD', tasks .. ':paused', queue)
  -- Those whose turn it is do not begin: others may.
  unblockAll(redis.call('HVALS', named('turns', queue)))
else
  redis.call('SREM', tasks .. ':paused', queue)
  local held = redis.call('SMEMBERS', named('held', queue))
  redis.call('DEL', named('held', queue))
  unblockAll(held)
  wake('queue:' .. queue, wokenMax)
end
settle()
return redis.status_reply('OK')
