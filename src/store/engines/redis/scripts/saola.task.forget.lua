-- saola.task.forget: key claim | orders | wait subject queues-json request is-over
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-sessions
-- Nobody waits under this name any more. If it is over what a claim took under it has not arrived, and goes back.
local kind, subject, request = ARGV[1], ARGV[2], ARGV[4]
if kind == 'orders' then waitNoMore({ 'orders:' .. subject }, request) end
if kind == 'wait' then waitNoMore({ 'job:' .. subject }, request) end
if kind ~= 'claim' then return 0 end
waitNoMore(namesOfQueues(decode(ARGV[3])), request)
if ARGV[5] ~= '1' or not hasSession(subject) then return 0 end
local ids = takenBefore(subject, request) or {}
-- One that is still on its way must get nothing.
rememberTaken(subject, request, {})
for _, id in ipairs(ids) do
  local job = jobOf(id)
  if job and job.state == 'active' and job.worker == subject then
    stopRunning(job)
    giveBack(job)
  end
end
settle()
return #ids
