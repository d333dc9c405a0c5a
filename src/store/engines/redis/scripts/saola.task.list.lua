-- saola.task.list: key filter-json
-- prelude
-- with: tasks task-checks task-filters task-lists
-- Of one answer, but for its first job.
local bytesMax = 8388608
local filter = filterIn(ARGV[1], false)
local textBytesMax = given(filter.textBytesMax)
local ids, cursor = find(filter, given(filter.states) or states, given(filter.limit) or 100)
local jobs, bytes = {}, 0

-- Between two letters: the bytes behind the first one of a letter are 128 to 191.
local function cut(text)
  if not textBytesMax or not text or #text <= textBytesMax then return text end
  local last = textBytesMax
  while last > 0 do
    local byte = string.byte(text, last + 1)
    if byte < 128 or byte > 191 then break end
    last = last - 1
  end
  return string.sub(text, 1, last)
end

for i, id in ipairs(ids) do
  local values = valuesOf(id, shown)
  if values.fixed then
    for _, name in ipairs({ 'payload', 'result', 'progress' }) do
      values[name] = cut(values[name])
      bytes = bytes + #(values[name] or '')
    end
    if textBytesMax == 0 then values.result, values.progress = nil, nil end
    if #jobs > 0 and bytes > bytesMax then
      cursor = ids[i - 1]
      break
    end
    jobs[#jobs + 1] = jsonFrom(values)
  end
end
return '{"jobs":' .. listOf(jobs) .. (cursor and ',"cursor":' .. cjson.encode(cursor) or '') .. '}'
