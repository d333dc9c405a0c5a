-- saola.map.take: Deletes a field, and returns what it held.
-- companions: ttl
-- prelude
-- fields: 1 0
-- with: fields
local value = valueOf(ARGV[1])
if value then
  redis.call('HDEL', map, ARGV[1])
  redis.call('ZREM', ends, ARGV[1])
end
return value
