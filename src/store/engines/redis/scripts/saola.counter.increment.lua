-- saola.counter.increment: Adds a whole number to a counter; a time to live is set only when this makes the counter. 0: none.
-- prelude
if ARGV[2] == '0' then
  local value = redis.call('INCRBY', KEYS[1], ARGV[1])
  if value <= 9007199254740991 and value >= -9007199254740991 then return value end
  redis.call('DECRBY', KEYS[1], ARGV[1])
  return redis.error_reply('ERR value is not an integer or out of range')
end
-- otherwise
local counter, by, ttl = KEYS[1], integer(ARGV[1]), integer(ARGV[2])
local isNew = ttl > 0 and redis.call('EXISTS', counter) == 0
local value = redis.call('INCRBY', counter, ARGV[1])
if math.abs(value) > 9007199254740991 then
  redis.call('DECRBY', counter, ARGV[1])
  fail('ERR value is not an integer or out of range')
end
if isNew then redis.call('PEXPIRE', counter, ttl) end
return value
