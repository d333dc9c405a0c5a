-- hmget: The values of several fields; null for those that are absent or whose time is over.
-- companions: ttl
-- prelude
-- with: fields
local values = {}
for from = 1, #ARGV, atOnce do
  local part = redis.call('HMGET', map, unpack(ARGV, from, math.min(#ARGV, from + atOnce - 1)))
  for i, value in ipairs(part) do values[from + i - 1] = value end
end
if redis.call('EXISTS', ends) == 1 then
  for i, field in ipairs(ARGV) do
    if values[i] and isOver(field) then values[i] = false end
  end
end
return values
