-- saola.task.queues: key
-- prelude
-- with: tasks task-lists
local texts = {}
for i, queue in ipairs(queueNames()) do
  local isPaused = redis.call('SISMEMBER', tasks .. ':paused', queue) == 1
  local parts = { '{"name":' .. cjson.encode(queue) .. ',"isPaused":' .. tostring(isPaused) }
  for _, state in ipairs({ 'scheduled', 'ready', 'blocked', 'active' }) do
    parts[#parts + 1] = '"' .. state .. '":' .. redis.call('ZCARD', named('in', state .. ':' .. queue))
  end
  texts[i] = table.concat(parts, ',') .. '}'
end
return listOf(texts)
