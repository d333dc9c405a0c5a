-- saola.map.swap: Sets a field if it holds what is expected (- absent, or = and the value): 1 or 0. Keeps its time if ttl is -1.
-- companions: ttl
-- prelude
-- fields: 1 0
-- with: fields
local field, expected, value, ttl = ARGV[1], ARGV[2], ARGV[3], integer(ARGV[4])
if not isExpected(valueOf(field), expected) then return 0 end
redis.call('HSET', map, field, value)
endAfter(field, ttl)
return 1
