-- hdel: Deletes fields; returns how many there were whose time was not over.
-- companions: ttl
-- prelude
-- fields: 1 1
-- with: fields
if redis.call('EXISTS', ends) == 1 then
  for _, field in ipairs(ARGV) do valueOf(field) end
end
local deleted = 0
for from = 1, #ARGV, atOnce do
  local to = math.min(#ARGV, from + atOnce - 1)
  deleted = deleted + redis.call('HDEL', map, unpack(ARGV, from, to))
  redis.call('ZREM', ends, unpack(ARGV, from, to))
end
return deleted
