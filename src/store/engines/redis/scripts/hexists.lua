-- hexists: Whether there is such a field, and its time is not over: 1 or 0.
-- companions: ttl
-- prelude
-- with: fields
if redis.call('HEXISTS', map, ARGV[1]) == 0 or isOver(ARGV[1]) then return 0 end
return 1
