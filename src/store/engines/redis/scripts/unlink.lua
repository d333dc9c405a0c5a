-- unlink: Deletes keys with their companions; returns how many keys there were.
-- companions: all
local deleted = 0
for i = 1, #KEYS, 1 + companions do
  deleted = deleted + redis.call('UNLINK', KEYS[i])
  redis.call('UNLINK', unpack(KEYS, i + 1, i + companions))
end
return deleted
