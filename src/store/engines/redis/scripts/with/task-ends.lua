-- How a job leaves its place, and how it ends, with all that waits for it. gather:<id> is a hash of the results that have arrived
-- for a job, by the index of the child, until it has them; failed:<id> a set of the children that are dead or cancelled.
local gatheredBytesMax = 16777216
-- Whoever waits for the end hears of it, also over a connection that was lost for a moment.
local keptMsMin = 2000
local expired = '{"name":"Expired","message":"It had not begun when its time was over."}'

-- It would be dead if it lost its worker once more, and runs alone: which of the jobs of a worker has killed it nobody knows, and
-- those that were lost together stand together again. Not one that may be lost but once.
local function isLastChance(job) return job.interruptions > 0 and job.interruptions + 1 >= job.interruptionsMax end

-- It runs no more.
local function stopRunning(job)
  addTo(stopped, named('active', job.worker), job.id)
  left[job.worker] = true
  if isLastChance(job) then redis.call('DEL', named('alone', job.worker)) end
  if job.isCancelling then redis.call('ZREM', named('cancels', job.worker), job.id) end
  if job.limitKey then
    redis.call('SREM', named('limit', job.limitKey), job.id)
    unblock(job.limitKey)
  end
end

-- Out of the place where it has waited to begin.
local function takeOut(job)
  if job.state == 'ready' then
    redis.call('ZREM', named('ready', job.queue), job.id)
    if job.limitKey then
      endTurn(job)
      unblock(job.limitKey)
    end
  end
  if job.state == 'scheduled' then
    redis.call('ZREM', timers, 'd' .. job.id)
    if job.rateKey then redis.call('ZREM', named('parked', job.rateKey), job.id) end
  end
  if job.state == 'blocked' then redis.call('ZREM', blockedOf(job.queue, job.limitKey), job.id) end
  if job.expires then redis.call('ZREM', timers, 'x' .. job.id) end
end

local function drop(job)
  -- It may have been finished just before.
  callWith('ZADD', timers, kept, 2)
  kept = {}
  redis.call('ZREM', timers, 'k' .. job.id)
  move(job.id, indexOf(job, job.state), nil)
  redis.call('DEL', named('job', job.id), named('gather', job.id), named('failed', job.id))
end

local function endWith(job, state, fields, gone)
  local keptUntil = digits(at + math.max(keptMsMin, state == 'done' and job.resultMs or job.failureMs))
  kept[#kept + 1] = keptUntil
  kept[#kept + 1] = 'k' .. job.id
  if job.uniqueKey then
    local unique, left = named('unique', job.uniqueKey), (job.uniqueUntil or 0) - at
    if redis.call('GET', unique) == job.id then
      if left > 0 then redis.call('PEXPIRE', unique, digits(left)) else redis.call('DEL', unique) end
    end
  end
  for _, word in ipairs({ 'finished', digits(at), 'due', keptUntil }) do fields[#fields + 1] = word end
  change(job, state, fields, gone)
end

-- All results, by their index, as one text of JSON; they are not kept beside it.
local function takeGathered(parent)
  local found, texts = redis.call('HGETALL', named('gather', parent.id)), {}
  for i = 1, #found, 2 do texts[tonumber(found[i]) + 1] = found[i + 1] end
  redis.call('DEL', named('gather', parent.id))
  redis.call('HSET', named('job', parent.id), 'gathered', '1')
  return parent.gatherMode == 'one' and texts[1] or listOf(texts)
end

-- Notes a result, once. Whether it was the last one that the parent waits for.
local function takeResult(parent, index, result)
  local key = named('gather', parent.id)
  if parent.state ~= 'waiting' and not isFinal[parent.state] then return false end
  if redis.call('HSETNX', key, index, result or 'null') == 0 then return false end
  redis.call('HINCRBY', named('job', parent.id), 'gatheredBytes', #(result or ''))
  return redis.call('HLEN', key) == parent.gatherCount and parent.state == 'waiting'
end

-- It cannot begin anew: what it needs is not kept.
local function endTooLarge(parent, bytes)
  redis.call('DEL', named('gather', parent.id))
  redis.call('SADD', named('failed', parent.id), 0)
  local text = 'The results that it gathers have ' .. digits(bytes) .. ' bytes together, and ' .. digits(gatheredBytesMax)
    .. ' at most are gathered.'
  takeOut(parent)
  endWith(parent, 'dead', { 'error', '{"name":"GatherTooLarge","message":' .. cjson.encode(text) .. '}' })
end

-- A parent has all results: it is ready, or ends. Whether it has ended, and with what.
local function complete(parent, fields, gone)
  local bytes = tonumber(redis.call('HGET', named('job', parent.id), 'gatheredBytes') or '0')
  if bytes > gatheredBytesMax then
    endTooLarge(parent, bytes)
    return true
  end
  local text = takeGathered(parent)
  if parent.gatherMode ~= 'result' then
    for _, word in ipairs({ 'payload', text }) do fields[#fields + 1] = word end
    makeReady(parent, false, fields, gone)
    return false
  end
  takeOut(parent)
  endWith(parent, 'done', { 'result', text })
  return true, text
end

-- What the end of a job does to who gathers its result, and to who gathers theirs: one after the other, as chains may be long.
local function tellParents(job, result)
  while job.parent do
    local parent = jobOf(job.parent)
    if not parent or not parent.gatherCount then return end
    local isOwn, hasEnded = job.index < parent.gatherCount, true
    if job.state == 'done' then
      if not isOwn or not takeResult(parent, job.index, result) then return end
      hasEnded, result = complete(parent, {})
    else
      if isOwn then redis.call('SADD', named('failed', parent.id), job.index) end
      if parent.state ~= 'waiting' then return end
      local text = 'The job ' .. job.id .. ' of ' .. job.task .. ', whose result it waited for, is ' .. job.state .. '.'
      takeOut(parent)
      endWith(parent, job.state, { 'error', '{"name":"ChildFailed","message":' .. cjson.encode(text) .. '}' })
    end
    if not hasEnded then return end
    job = parent
  end
end

local function finish(job, state, fields, gone, result)
  endWith(job, state, fields, gone)
  tellParents(job, result)
end

local function cancelNow(job, fields, gone)
  takeOut(job)
  finish(job, 'cancelled', fields or {}, gone)
end

local notRunning = { 'started', 'cancelling', 'answered' }

-- Its worker is gone.
local function interrupt(job)
  stopRunning(job)
  local count = job.interruptions + 1
  local fields = { 'interruptions', count, 'attempt', math.max(0, job.attempt - 1) }
  if job.isCancelling then return finish(job, 'cancelled', fields, { 'answered' }) end
  if count < job.interruptionsMax then return makeReady(job, true, fields, { unpack(notRunning) }) end
  local text = 'Its worker was lost ' .. count .. ' times while it was active.'
  fields[#fields + 1] = 'error'
  fields[#fields + 1] = '{"name":"WorkerLost","message":' .. cjson.encode(text) .. ',"code":"WORKER_LOST"}'
  finish(job, 'dead', fields, { 'answered' })
end

-- As if it had not begun. It has stopped running.
local function giveBack(job, mark)
  if job.isCancelling then return finish(job, 'cancelled', { 'answered', mark or '' }) end
  makeReady(job, true, { 'answered', mark or '', 'attempt', math.max(0, job.attempt - 1) }, { 'started' })
end
