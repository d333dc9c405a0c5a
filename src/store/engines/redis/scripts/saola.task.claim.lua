-- saola.task.claim: key worker queues-json free wait-ms request
-- prelude
-- with: clock rate tasks task-wakes task-states task-limits task-ends task-checks task-sessions task-rates task-timers
local worker, free, request = ARGV[1], integer(ARGV[3]), ARGV[5]
local queues = textsIn(listIn(ARGV[2], 'the list of queues'), 'the list of queues')
if #queues == 0 then refuse('a claim names no queue') end
if free < 1 or free > 1000 then refuse('a claim is for 1 to 1000 jobs') end
local names = namesOfQueues(queues)
-- Of one answer, but for its first job.
local bytesMax = 8388608
local claimed, texts, examined, bytes, isFull, isHeldBack = {}, {}, 0, 0, false, false
local all = { unpack(needed) }
for _, name in ipairs(shown) do all[#all + 1] = name end

local before, isThere = takenBefore(worker, request)
if before then
  for _, id in ipairs(before) do
    local job = jobOf(id)
    if job and job.state == 'active' and job.worker == worker then texts[#texts + 1] = jsonOf(id) end
  end
  return listOf(texts)
end

-- Where it was: it was not its turn.
local function putBack(job)
  redis.call('ZADD', named('ready', job.queue), digits(job.priority * placeUnit + job.seq), job.id)
end

-- Behind it nothing begins.
local function holdBack(job)
  isHeldBack = true
  putBack(job)
end

-- Whether something runs here, or is about to.
local function isBusy() return #claimed > 0 or redis.call('EXISTS', named('active', worker)) == 1 end

-- Blocked by its limit, held back because it has to be alone, parked for its rate, or begun.
local function begin(job, values)
  local expires = job.expires and redis.call('ZSCORE', timers, 'x' .. job.id)
  if expires and tonumber(expires) <= at then return cancelNow(job, { 'error', expired }) end
  local hasPlace = not job.limitKey or redis.call('SCARD', named('limit', job.limitKey)) < job.limitMax
  -- It keeps its turn: if its queue is paused meanwhile, others may.
  if hasPlace and isLastChance(job) and isBusy() then return holdBack(job) end
  if job.limitKey then endTurn(job) end
  if not hasPlace then return block(job) end
  if job.rateKey then
    local mayBegin, wait = takeRate(job)
    if not mayBegin then
      if job.limitKey then unblock(job.limitKey) end
      return park(job, wait)
    end
  end
  if job.limitKey then redis.call('SADD', named('limit', job.limitKey), job.id) end
  if job.expires then redis.call('ZREM', timers, 'x' .. job.id) end
  values.worker, values.token, values.started = worker, digits(job.token + 1), digits(at)
  values.state, values.attempt = 'active', digits(job.attempt + 1)
  change(job, 'active', {
    'worker', worker, 'token', values.token, 'started', values.started, 'attempt', values.attempt,
  })
  values.version = digits(job.version)
  if isLastChance(job) then
    redis.call('SET', named('alone', worker), job.id)
    isHeldBack = true
  end
  claimed[#claimed + 1] = job.id
  texts[#texts + 1] = jsonFrom(values)
end

-- Whether there may be more. Behind one that has to be alone nothing begins: to pass it over would leave it waiting for as long as
-- there is other work.
local function takeFrom(queue)
  while true do
    local wanted = math.min(free - #claimed, changedMax - examined)
    if wanted <= 0 then return true end
    local popped = redis.call('ZPOPMIN', named('ready', queue), wanted)
    if #popped == 0 then return false end
    for i = 1, #popped, 2 do
      local values = valuesOf(popped[i], all)
      local job = values.state == 'ready' and jobFrom(popped[i], values)
      if job then
        bytes = bytes + #values.payload
        isFull = #claimed > 0 and bytes > bytesMax
        if not isFull and not isHeldBack then begin(job, values) else putBack(job) end
      end
    end
    examined = examined + #popped / 2
    if isHeldBack or isFull then return true end
    if #popped / 2 < wanted then return false end
  end
end

goOnWhenFull()
passTime()
-- Whoever has no session would keep its jobs for ever; its orders tell it so.
if not isThere or not hasSession(worker) then
  settle()
  return waitOn({}, request)
end
local more = {}
isHeldBack = redis.call('EXISTS', named('alone', worker)) == 1
for _, queue in ipairs(queues) do
  local isPaused = not isHeldBack and redis.call('SISMEMBER', tasks .. ':paused', queue) == 1
  if isHeldBack or (not isPaused and (isFull or takeFrom(queue))) then more[#more + 1] = queue end
end
callWith('SADD', named('active', worker), claimed, 1)
settle()
if #claimed == 0 and not isHeldBack then
  return waitOn(names, request, examined > 0 and #more > 0 and 1 or untilNext())
end
waitNoMore(names, request)
-- It may have been woken for what it has left.
for _, queue in ipairs(more) do
  if redis.call('EXISTS', named('ready', queue)) == 1 then wake('queue:' .. queue, 1) end
end
-- Not for the queues: what comes into them is for those who may begin it.
if #claimed == 0 then return waitOn({ 'company:' .. worker }, request) end
rememberTaken(worker, request, claimed)
return listOf(texts)
