-- A lock: a hash with the fields `holder` and `token`, and a time to live.
local function leaseOf(key)
  local lease = redis.call('HMGET', key, 'holder', 'token')
  if lease[1] and lease[2] then return lease end
  if redis.call('EXISTS', key) == 1 then
    fail('WRONGTYPE Operation against a key holding the wrong kind of value')
  end
  return nil
end
