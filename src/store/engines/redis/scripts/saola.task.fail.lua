-- saola.task.fail: key worker jobs-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-sessions task-answers
local function errorOf(item)
  local parts = {}
  for _, name in ipairs({ 'name', 'message', 'stack', 'code' }) do
    local value = given(item.error[name])
    if value ~= nil then parts[#parts + 1] = '"' .. name .. '":' .. cjson.encode(tostring(value)) end
  end
  return '{' .. table.concat(parts, ',') .. '}'
end

local function isError(value) return type(value) == 'table' end
local fields = { required = { error = isError }, optional = { retryMs = isNatural }, mark = errorOf }
local verdicts = answerEach(ARGV[1], ARGV[2], 'fail', fields, function(job, item, mark)
  local retryMs = given(item.retryMs)
  local changes, gone = { 'answered', mark, 'error', errorOf(item) }, { 'started' }
  if job.isCancelling then return finish(job, 'cancelled', changes) end
  if not retryMs or job.attempt >= job.attempts then return finish(job, 'dead', changes) end
  if retryMs > 0 then makeDue(job, at + retryMs, changes, gone) else makeReady(job, false, changes, gone) end
end)
settle()
return verdicts
