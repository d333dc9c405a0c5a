-- saola.map.drop: Deletes a field if it holds what is expected (- absent, or = and the value): 1 or 0.
-- companions: ttl
-- prelude
-- fields: 1 0
-- with: fields
if not isExpected(valueOf(ARGV[1]), ARGV[2]) then return 0 end
redis.call('HDEL', map, ARGV[1])
redis.call('ZREM', ends, ARGV[1])
return 1
