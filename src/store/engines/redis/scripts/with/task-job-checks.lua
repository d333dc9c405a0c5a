-- What a job may have.
local function isPriority(value) return isNatural(value) and value <= 9 end

local jobFields = {
  task = isText, queue = isText, priority = isPriority, payload = isAnyText, attempts = isPositive,
  interruptionsMax = isPositive, softMs = isNatural, hardMs = isNatural, resultMs = isNatural, failureMs = isNatural,
}
local jobFieldCount = 10
local jobTimes = { delayMs = isNatural, expiresMs = isNatural }
local extras

-- What few have: made when the first comes.
local function jobExtras()
  local function shape(where, required, optional)
    return function(value)
      checkFields(where, value, required, optional or {})
      return true
    end
  end
  local function isWay(value) return value == 'skip' or value == 'replace' end
  local function isShortText(value) return isAnyText(value) and #value <= 1000 end
  local function isMode(value) return value == 'one' or value == 'all' or value == 'result' end
  return {
    context = shape('a context', {}, { requestId = isShortText, traceparent = isShortText }),
    unique = shape('unique', { key = isAnyText, on = isWay }, { ttlMs = isNatural }),
    limit = shape('a limit', { key = isAnyText, max = isPositive }),
    rate = shape('a rate', { key = isAnyText, count = isPositive, periodMs = isPositive, burst = isPositive }),
    gather = shape('gather', { count = isNatural, mode = isMode }),
    parent = shape('a parent', { id = isText, index = isNatural }),
  }
end

local function checkTemplate(job)
  local found = 0
  for name, value in pairs(job) do
    if jobFields[name] then
      if not jobFields[name](value) then refuse('a job has no right ' .. name) end
      found = found + 1
    elseif name ~= 'id' and given(value) ~= nil then
      extras = extras or (not jobTimes[name] and jobExtras() or nil)
      local check = jobTimes[name] or extras[name]
      if not check then refuse('a job has an unknown field') end
      if not check(value) then refuse('a job has no right ' .. name) end
    end
  end
  if found < jobFieldCount then refuse('a job lacks a field') end
  local gather, rate = given(job.gather), given(job.rate)
  if gather and gather.mode == 'one' and gather.count ~= 1 then refuse('of one result is gathered with the mode one') end
  if rate and (rate.burst + 1) * rate.periodMs * 1000 > 9007199254740991 then refuse('a rate is too large') end
end

-- Of these objects the same is meant when their fields are the same. A unique key is looked at each time.
local comparable = { limit = true, rate = true, context = true, parent = true }

local function isAlike(one, other)
  for name, value in pairs(one) do
    -- Children of one parent differ by it.
    if name ~= 'index' and other[name] ~= value then return false end
  end
  for name in pairs(other) do if one[name] == nil then return false end end
  return true
end

-- Whether it differs from another one, which was checked, by its id and payload only.
local function isLike(job, other)
  local count = 0
  for name, value in pairs(job) do
    count = count - 1
    if name ~= 'id' and name ~= 'payload' and other[name] ~= value then
      local known = other[name]
      if not comparable[name] or type(value) ~= 'table' or type(known) ~= 'table' or not isAlike(value, known) then return false end
      if name == 'parent' and not isNatural(value.index) then return false end
    end
  end
  for _ in pairs(other) do count = count + 1 end
  return count == 0 and isAnyText(job.payload)
end

-- Returns one of the same kind: `like`, if it is, or itself. Jobs that are enqueued together are mostly of one kind.
local function checkJob(job, like)
  if type(job) ~= 'table' or not isText(job.id) then refuse('a job has no id') end
  if like and isLike(job, like) then return like end
  checkTemplate(job)
  return job
end
