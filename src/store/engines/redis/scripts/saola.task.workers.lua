-- saola.task.workers: key
-- prelude
-- with: tasks
local texts, workers = {}, redis.call('SMEMBERS', tasks .. ':sessions')
table.sort(workers)
for _, worker in ipairs(workers) do
  local info = redis.call('HGET', named('session', worker), 'info')
  local ends = redis.call('ZSCORE', timers, 's' .. worker)
  if info and ends then
    local session = decode(info)
    texts[#texts + 1] = '{"name":' .. cjson.encode(worker) .. ',"slot":' .. cjson.encode(session.slot)
      .. ',"pid":' .. digits(session.pid) .. ',"host":' .. cjson.encode(session.host)
      .. ',"pool":' .. cjson.encode(session.pool) .. ',"queues":' .. quotedList(session.queues)
      .. (session.tasks and next(session.tasks) and ',"tasks":' .. cjson.encode(session.tasks) or '')
      .. ',"leaseUntil":' .. digits(tonumber(ends)) .. ',"active":' .. redis.call('SCARD', named('active', worker)) .. '}'
  end
end
return listOf(texts)
