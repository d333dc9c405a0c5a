-- saola.lock.acquire: key holder ttl-ms wait-ms request
-- companions: queue alive token
-- prelude
-- with: waiting lease clock
local lock, queue, alive, counter = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local holder, ttl, wait, request = ARGV[1], integer(ARGV[2]), integer(ARGV[3]), ARGV[4]
if ttl <= 0 then fail('ERR invalid expire time') end
local lease = leaseOf(lock)
if lease and lease[1] == holder then
  redis.call('PEXPIRE', lock, ttl)
  return tonumber(lease[2])
end
local at = now()
local first = firstWaiting(queue, alive, at)
if lease or (first and first ~= request) then
  if wait < 0 then return false end
  -- The first of those who wait looks again when the lease ends; the others are woken by what it does.
  local left = lease and redis.call('PTTL', lock) or -1
  local isFirst = not first or first == request
  return waitFor(queue, alive, request, at, isFirst and left >= 0 and left + 1 or nil)
end
-- Microseconds: so it is larger than all before without a key that stays for ever, unless the clock is set back by a day.
local token = math.max(micros(), tonumber(redis.call('GET', counter) or '0') + 1)
local text = string.format('%.0f', token)
redis.call('SET', counter, text, 'PX', string.format('%.0f', ttl + 86400000))
redis.call('HSET', lock, 'holder', holder, 'token', text)
redis.call('PEXPIRE', lock, ttl)
waitNoMore(queue, alive, request)
return token
