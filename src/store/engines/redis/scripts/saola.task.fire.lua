-- saola.task.fire: key name slot-ms options-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-job-checks task-enqueue task-schedules
local function isList(value) return type(value) == 'table' end
local function isSwitch(value) return type(value) == 'boolean' end
local key, slot, options = scheduleKey(ARGV[1]), integer(ARGV[2]), decode(ARGV[3])
checkFields('what is fired', options, { next = isNatural, jobs = isList }, { mayOverlap = isSwitch })
local jobs = options.jobs
for _, job in ipairs(jobs) do checkJob(job) end
local kept = redis.call('HMGET', key, 'next', 'last', 'lastJob', 'fired')
if not kept[1] then return '"late"' end
if tonumber(kept[1]) ~= slot then
  -- Sent twice, by the same.
  local isOwn = #jobs > 0 and tonumber(kept[2] or '-1') == slot and kept[4] == jobs[#jobs].id
  return isOwn and '"fired"' or '"late"'
end
local lastJob = kept[3] and jobOf(kept[3])
if lastJob and not isFinal[lastJob.state] and not options.mayOverlap then
  redis.call('HSET', key, 'next', digits(options.next))
  return '"skipped"'
end
local _, lastId = addAll(jobs)
redis.call('HSET', key, 'next', digits(options.next), 'last', digits(slot))
-- Its job may be another one's, by a unique key.
if lastId then redis.call('HSET', key, 'lastJob', lastId, 'fired', jobs[#jobs].id) end
settle()
return '"fired"'
