-- Enqueueing: all are checked before the first is written, as Redis undoes nothing.
local jobsMax = 10000

local function quotedIf(parts, name, value)
  if value ~= nil then parts[#parts + 1] = ',"' .. name .. '":' .. cjson.encode(value) end
end

-- What never changes of it, as a part of its JSON; the same for all of a kind, but for their ids and who gathers their results.
local function fixedOf(job)
  local unique, limit = given(job.unique), given(job.limit)
  local parts = { ',"task":' .. cjson.encode(job.task), ',"queue":' .. cjson.encode(job.queue) }
  for _, name in ipairs({ 'priority', 'attempts', 'interruptionsMax', 'softMs', 'hardMs' }) do
    parts[#parts + 1] = ',"' .. name .. '":' .. digits(job[name])
  end
  parts[#parts + 1] = ',"created":' .. digits(at)
  -- An object of texts: also an empty one stays an object.
  quotedIf(parts, 'context', given(job.context))
  quotedIf(parts, 'uniqueKey', unique and unique.key)
  quotedIf(parts, 'limitKey', limit and limit.key)
  return table.concat(parts)
end

local function parentTextOf(parent)
  return ',"parent":{"id":' .. cjson.encode(parent.id) .. ',"index":' .. digits(parent.index) .. '}'
end

local function metaOf(job)
  local unique, limit, rate = given(job.unique) or {}, given(job.limit) or {}, given(job.rate) or {}
  local gather, parent = given(job.gather) or {}, given(job.parent) or {}
  return {
    task = job.task, queue = job.queue, priority = job.priority, attempts = job.attempts,
    interruptionsMax = job.interruptionsMax, resultMs = job.resultMs, failureMs = job.failureMs,
    expires = given(job.expiresMs) and true or nil,
    uniqueKey = unique.key, uniqueUntil = given(unique.ttlMs) and at + unique.ttlMs or nil,
    limitKey = limit.key, limitMax = limit.max,
    rateKey = rate.key, rateCount = rate.count, ratePeriodMs = rate.periodMs, rateBurst = rate.burst,
    parent = parent.id, gatherCount = gather.count, gatherMode = gather.mode,
  }
end

-- What is answered for a job, and its id.
local function enqueued(id, state, isNew)
  return '{"id":' .. cjson.encode(id) .. ',"state":"' .. state .. '","isNew":' .. tostring(isNew) .. '}', id
end

-- Its time to expire is that of another one now.
local function expireAnew(job, expiresMs)
  if not expiresMs then return end
  redis.call('ZADD', timers, digits(at + expiresMs), 'x' .. job.id)
  if job.expires then return end
  local key = named('job', job.id)
  local meta = cmsgpack.unpack(redis.call('HGET', key, 'meta'))
  meta.expires = true
  redis.call('HSET', key, 'meta', cmsgpack.pack(meta))
end

-- The other one of its unique key, which keeps this one out; nil when it may come in, and has the key now.
local function keptOut(job, unique)
  local key = named('unique', unique.key)
  local other = redis.call('GET', key)
  if not other then
    redis.call('SET', key, job.id)
    return nil
  end
  local found = jobOf(other)
  if not found then return enqueued(other, 'done', false) end
  if unique.on == 'replace' and found.state == 'scheduled' then
    takeOut(found)
    expireAnew(found, given(job.expiresMs))
    local delay = given(job.delayMs) or 0
    if delay > 0 then makeDue(found, at + delay, { 'payload', job.payload })
    else makeReady(found, false, { 'payload', job.payload }) end
  end
  return enqueued(other, found.state, false)
end

local function stateOfNew(job)
  local gather = given(job.gather)
  if gather and (gather.count > 0 or gather.mode == 'result') then return 'waiting' end
  return (given(job.delayMs) or 0) > 0 and 'scheduled' or 'ready'
end

-- What is the same for all of a kind.
local function kindOf(job)
  local state, meta = stateOfNew(job), metaOf(job)
  return {
    state = state, fixed = fixedOf(job), meta = cmsgpack.pack(meta), index = indexOf(job, state), queue = job.queue,
    place = job.priority * placeUnit, due = state == 'scheduled' and digits(at + job.delayMs) or nil,
    expires = meta.expires and digits(at + job.expiresMs) or nil, unique = given(job.unique),
    isEmpty = meta.gatherCount == 0 and meta.gatherMode or nil,
  }
end

-- What is written for all at once.
local entered, timed, comeReady = {}, {}, {}

local function writeEntered()
  for key, words in pairs(entered) do callWith('ZADD', key, words, 2) end
  callWith('ZADD', timers, timed, 2)
  entered, timed = {}, {}
end

local function addTimer(letter, id, due)
  timed[#timed + 1] = due
  timed[#timed + 1] = letter .. id
end

local function add(job, kind, seq)
  if kind.unique then
    writeEntered()
    local duplicate, other = keptOut(job, kind.unique)
    if duplicate then return duplicate, other end
  end
  local id, state, key, fixed, meta = job.id, kind.state, named('job', job.id), kind.fixed, kind.meta
  local parent = given(job.parent)
  -- Two values in one text, which are read one after the other.
  if parent then fixed, meta = fixed .. parentTextOf(parent), meta .. cmsgpack.pack(parent.index) end
  -- Nothing is gathered of none.
  local payload = kind.isEmpty == 'all' and '[]' or job.payload
  redis.call('HSET', key, 'fixed', '"id":' .. cjson.encode(id) .. fixed, 'meta', meta, 'payload', payload, 'state', state,
    'version', 1, 'seq', seq)
  if kind.due then
    redis.call('HSET', key, 'due', kind.due)
    addTimer('d', id, kind.due)
  end
  addTo(entered, kind.index, 0, id)
  if kind.expires then addTimer('x', id, kind.expires) end
  if state == 'ready' then addTo(comeReady, kind.queue, digits(kind.place + seq), id) end
  if kind.isEmpty == 'result' then
    writeEntered()
    finish(jobOf(id), 'done', { 'result', '[]' }, nil, '[]')
    state = 'done'
  end
  return enqueued(id, state, true)
end

-- The state of each that is there already, by its id.
local function knownOf(jobs)
  local known = {}
  for from = 1, #jobs, wordsMax do
    local keys = {}
    for i = from, math.min(#jobs, from + wordsMax - 1) do keys[#keys + 1] = named('job', jobs[i].id) end
    if redis.call('EXISTS', unpack(keys)) > 0 then
      for i = from, from + #keys - 1 do known[jobs[i].id] = redis.call('HGET', named('job', jobs[i].id), 'state') or nil end
    end
  end
  return known
end

-- Each with its kind.
local function checkAll(jobs)
  local kinds, like = {}, nil
  for i, job in ipairs(jobs) do
    like = checkJob(job, like)
    kinds[i] = like
  end
  return kinds
end

local function addAll(jobs)
  if #jobs > jobsMax then refuse('more than ' .. jobsMax .. ' jobs at once') end
  local kinds, queues, made, replies, lastId = checkAll(jobs), {}, {}, {}, nil
  if #jobs == 0 then return replies end
  for i, job in ipairs(jobs) do
    if kinds[i] == job then queues[job.queue] = true end
  end
  for queue in pairs(queues) do redis.call('SADD', tasks .. ':queues', queue) end
  local seq, known = nextNumbers(#jobs) - #jobs, knownOf(jobs)
  for i, job in ipairs(jobs) do
    local like = kinds[i]
    made[like] = made[like] or kindOf(like)
    if known[job.id] then
      replies[i], lastId = enqueued(job.id, known[job.id], false)
    else
      replies[i], lastId = add(job, made[like], digits(seq + i))
      known[job.id] = made[like].state
    end
  end
  writeEntered()
  for queue, words in pairs(comeReady) do
    callWith('ZADD', named('ready', queue), words, 2)
    readied[queue] = (readied[queue] or 0) + #words / 2
  end
  return replies, lastId
end
