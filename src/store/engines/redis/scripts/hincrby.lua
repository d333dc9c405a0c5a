-- hincrby: Adds a whole number to a field; returns the new value. It keeps its end.
-- companions: ttl
-- prelude
-- fields: 1 0
-- with: fields
local sum = integer(valueOf(ARGV[1]) or '0') + integer(ARGV[2])
local text = string.format('%.0f', sum)
integer(text)
redis.call('HSET', map, ARGV[1], text)
return sum
