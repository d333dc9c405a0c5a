-- saola.lock.holder: key
-- prelude
-- with: lease
local lease = leaseOf(KEYS[1])
if not lease then return false end
return { lease[1], tonumber(lease[2]), redis.call('PTTL', KEYS[1]) }
