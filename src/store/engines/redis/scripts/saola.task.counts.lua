-- saola.task.counts: key
-- prelude
-- with: tasks task-lists
local parts, queues = {}, queueNames()
for i, state in ipairs(states) do
  local sum = 0
  for _, queue in ipairs(queues) do sum = sum + redis.call('ZCARD', named('in', state .. ':' .. queue)) end
  parts[i] = '"' .. state .. '":' .. digits(sum)
end
return '{' .. table.concat(parts, ',') .. '}'
