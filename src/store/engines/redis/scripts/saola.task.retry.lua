-- saola.task.retry: key ids-or-filter-json
-- prelude
-- with: tasks task-wakes task-states task-limits task-ends task-checks task-filters task-lists
local count = 0

local function fieldsGone(...)
  return { 'interruptions', 'finished', 'started', 'result', 'cancelling', 'answered', 'due', ... }
end

-- Not when another one has it. What was left of its time goes on when it is finished.
local function holdUniqueAgain(job)
  local key = job.uniqueKey and named('unique', job.uniqueKey)
  if not key then return true end
  local holder = redis.call('GET', key)
  if holder and holder ~= job.id then return false end
  redis.call('SET', key, job.id)
  return true
end

local function hasFailures(id) return redis.call('EXISTS', named('failed', id)) == 1 end

local function waitAgain(job, ...)
  redis.call('ZREM', timers, 'k' .. job.id)
  change(job, 'waiting', { 'attempt', 0 }, fieldsGone(...))
end

local function beginAnew(job)
  redis.call('ZREM', timers, 'k' .. job.id)
  local gathers = (job.gatherCount or 0) > 0 and redis.call('HEXISTS', named('job', job.id), 'gathered') == 0
  if not gathers then return makeReady(job, false, { 'attempt', 0 }, fieldsGone()) end
  if redis.call('HLEN', named('gather', job.id)) < job.gatherCount then return waitAgain(job) end
  local hasEnded, result = complete(job, { 'attempt', 0 }, fieldsGone())
  if hasEnded then tellParents(job, result) end
end

-- What has ended with it waits for it again, and so on, unless another one that it waits for has failed, too.
local function revive(job)
  while job.parent do
    redis.call('SREM', named('failed', job.parent), job.index)
    local parent = jobOf(job.parent)
    if not parent or (parent.state ~= 'dead' and parent.state ~= 'cancelled') or hasFailures(parent.id) then return end
    local failure = redis.call('HGET', named('job', parent.id), 'error')
    if not failure or not string.find(failure, '^{"name":"ChildFailed"') or not holdUniqueAgain(parent) then return end
    waitAgain(parent, 'error')
    job = parent
  end
end

local jobs, _, cursor = which(ARGV[1], { 'dead', 'cancelled' })
for _, found in ipairs(jobs) do
  -- One before it may have taken it along.
  local job = jobOf(found.id)
  if (job.state == 'dead' or job.state == 'cancelled') and not hasFailures(job.id) and holdUniqueAgain(job) then
    beginAnew(job)
    revive(job)
    count = count + 1
  end
end
settle()
return changed(count, cursor)