-- saola.map.values: Of these fields how many were looked at, and those that are there with their values; fewer if they are large.
-- companions: ttl
-- prelude
-- with: fields
local bytesMax = 4 * 1024 * 1024
local found, bytes = { 0 }, 0
local mayEnd = redis.call('EXISTS', ends) == 1
for i, field in ipairs(ARGV) do
  local value = redis.call('HGET', map, field)
  if value and not (mayEnd and isOver(field)) then
    found[#found + 1] = field
    found[#found + 1] = value
    bytes = bytes + #value
  end
  found[1] = i
  if bytes > bytesMax then break end
end
return found
