-- saola.task.return: key worker jobs-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-sessions task-answers
local verdicts = answerEach(ARGV[1], ARGV[2], 'return', {}, function(job, _, mark) giveBack(job, mark) end)
settle()
return verdicts
