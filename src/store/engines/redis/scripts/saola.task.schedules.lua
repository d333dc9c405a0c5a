-- saola.task.schedules: key
-- prelude
-- with: tasks task-schedules
local texts, names = {}, redis.call('SMEMBERS', tasks .. ':schedules')
table.sort(names)
for _, name in ipairs(names) do
  local values = redis.call('HMGET', scheduleKey(name), 'text', 'next', 'last', 'lastJob')
  if values[1] then
    -- What was given is handed on as it is, but for its end: of a name that comes twice in JSON the last one counts.
    local text = string.gsub(values[1], '}%s*$', '') .. ',"next":' .. values[2]
    if values[3] then text = text .. ',"last":' .. values[3] end
    if values[4] then text = text .. ',"lastJob":' .. cjson.encode(values[4]) end
    texts[#texts + 1] = text .. '}'
  end
end
return '{"now":' .. digits(at) .. ',"schedules":' .. listOf(texts) .. '}'
