-- saola.list.return: key LEFT | RIGHT request
-- companions: queue alive taken
-- prelude
-- with: waiting taken
local list, queue, alive = KEYS[1], KEYS[2], KEYS[3]
local side, request, taken = sideOf(ARGV[1]), ARGV[2], KEYS[4] .. ':' .. ARGV[2]
local kept = redis.call('GET', taken)
local isTaken = kept and string.sub(kept, 1, 1) == '1'
if isTaken then redis.call(side == 'LEFT' and 'LPUSH' or 'RPUSH', list, string.sub(kept, 2)) end
redis.call('SET', taken, '0', 'PX', keptMs)
if waitNoMore(queue, alive, request) or isTaken then wakeFirst(queue, alive, now()) end
return isTaken and 1 or 0
