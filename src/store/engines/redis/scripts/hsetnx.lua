-- hsetnx: Sets a field that is absent, for ever: 1 or 0.
-- companions: ttl
-- prelude
-- fields: 1 0
-- with: fields
if valueOf(ARGV[1]) then return 0 end
return redis.call('HSET', map, ARGV[1], ARGV[2])
