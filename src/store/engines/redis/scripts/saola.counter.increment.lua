-- saola.counter.increment: Adds a whole number to a counter; a time to live is set only when this makes the counter. 0: none.
-- prelude
local counter, by, ttl = KEYS[1], integer(ARGV[1]), integer(ARGV[2])
local isNew = ttl > 0 and redis.call('EXISTS', counter) == 0
local value = redis.call('INCRBY', counter, ARGV[1])
if math.abs(value) > 9007199254740991 then
  redis.call('DECRBY', counter, ARGV[1])
  fail('ERR value is not an integer or out of range')
end
if isNew then redis.call('PEXPIRE', counter, ttl) end
return value
