-- Who waits for a key, in the order in which they came: `queue` is a sorted set of requests by their ticket, `alive` one of
-- the time until which each of them counts. Whoever still waits says so again and again; one whose process has died is
-- passed over.
local aliveMs = 5000
local askAgainMs = 1000

-- The request that has waited longest; nil when nobody waits.
local function firstWaiting(queue, alive, at)
  while true do
    local first = redis.call('ZRANGE', queue, 0, 0)[1]
    if not first then return nil end
    local ends = redis.call('ZSCORE', alive, first)
    if ends and tonumber(ends) > at then return first end
    redis.call('ZREM', queue, first)
    redis.call('ZREM', alive, first)
  end
end

-- What a script answers that could do nothing yet: it is to be run again after so many milliseconds, or when woken.
local function waitFor(queue, alive, request, at, againMs)
  if not redis.call('ZSCORE', queue, request) then
    local last = redis.call('ZREVRANGE', queue, 0, 0, 'WITHSCORES')[2]
    redis.call('ZADD', queue, tonumber(last or '0') + 1, request)
  end
  redis.call('ZADD', alive, string.format('%.0f', at + aliveMs), request)
  redis.call('PEXPIRE', queue, aliveMs)
  redis.call('PEXPIRE', alive, aliveMs)
  return { 'saola.wait', math.max(1, math.min(askAgainMs, againMs or askAgainMs)) }
end

local function waitNoMore(queue, alive, request)
  redis.call('ZREM', alive, request)
  return redis.call('ZREM', queue, request) == 1
end

-- A request begins with the name of its process and a dot: each process hears of its own.
local function wakeFirst(queue, alive, at)
  local first = firstWaiting(queue, alive, at)
  if first then redis.call('PUBLISH', 'saola:wake:' .. (string.match(first, '^([^.]*)%.') or ''), first) end
end
