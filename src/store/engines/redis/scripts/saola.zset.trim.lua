-- saola.zset.trim: Removes the members between two scores, the lowest ones first and so many at most; returns how many.
-- prelude
local count = math.min(integer(ARGV[3]), 4000)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], ARGV[2], 'LIMIT', 0, count)
if #found > 0 then redis.call('ZREM', KEYS[1], unpack(found)) end
return #found
