-- Who watches a map wants to know which entries have changed: they are named before, and whether Redis then tells of a change
-- says whether it was one. change-reader.ts reads it.
local function telling(key, fields, run)
  local channel = 'saola:fields:' .. key
  -- So many are told as a change of the whole.
  if #fields > 1000 then return run() end
  if redis.call('PUBSUB', 'NUMSUB', channel)[2] == 0 then return run() end
  local parts = { 'b' }
  for _, field in ipairs(fields) do parts[#parts + 1] = #field .. ':' .. field end
  redis.call('PUBLISH', channel, table.concat(parts))
  local isDone, result = pcall(run)
  redis.call('PUBLISH', channel, 'e')
  if not isDone then error(result) end
  return result
end
