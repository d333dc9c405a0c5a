-- saola.list.take: key LEFT | RIGHT timeout-ms request
-- companions: queue alive taken
-- prelude
-- with: waiting taken
local list, queue, alive = KEYS[1], KEYS[2], KEYS[3]
local side, request, taken = sideOf(ARGV[1]), ARGV[3], KEYS[4] .. ':' .. ARGV[3]
if integer(ARGV[2]) < 0 then fail('ERR timeout is negative') end
local length = redis.call('LLEN', list)
local kept = redis.call('GET', taken)
local at = now()
if kept then
  -- Whoever waits behind it may have what it was woken for.
  if length > 0 then wakeFirst(queue, alive, at) end
  return string.sub(kept, 1, 1) == '1' and string.sub(kept, 2)
end
local first = firstWaiting(queue, alive, at)
if length == 0 or (first and first ~= request) then return waitFor(queue, alive, request, at) end
local element = redis.call(side == 'LEFT' and 'LPOP' or 'RPOP', list)
redis.call('SET', taken, '1' .. element, 'PX', keptMs)
waitNoMore(queue, alive, request)
if length > 1 then wakeFirst(queue, alive, at) end
return element
