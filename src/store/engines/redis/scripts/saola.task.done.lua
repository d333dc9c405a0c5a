-- saola.task.done: key worker jobs-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-sessions task-answers
local function resultOf(item) return given(item.result) end
local fields = { optional = { result = isAnyText }, mark = resultOf }
local verdicts = answerEach(ARGV[1], ARGV[2], 'done', fields, function(job, item, mark)
  local result = resultOf(item)
  if job.isCancelling then return finish(job, 'cancelled', { 'answered', mark }) end
  if result then return finish(job, 'done', { 'answered', mark, 'result', result }, nil, result) end
  finish(job, 'done', { 'answered', mark })
end)
settle()
return verdicts
