-- saola.lock.renew: key holder ttl-ms
-- prelude
-- with: lease
local ttl = integer(ARGV[2])
if ttl <= 0 then fail('ERR invalid expire time') end
local lease = leaseOf(KEYS[1])
if not lease or lease[1] ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ttl)
return 1
