-- del: Deletes keys with their companions; returns how many keys there were.
-- companions: all
local deleted = 0
for i = 1, #KEYS, 1 + companions do
  deleted = deleted + redis.call('DEL', KEYS[i])
  redis.call('DEL', unpack(KEYS, i + 1, i + companions))
end
return deleted
