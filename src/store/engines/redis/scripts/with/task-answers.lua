-- What a worker says of its jobs.

-- The active job of this worker and token; else nil.
local function ownJob(worker, id, token)
  local job = jobOf(id)
  if not job or job.token ~= token then return nil, job end
  if job.state == 'active' and job.worker == worker then return job, nil end
  return nil, job
end

-- The answers for a list of jobs: `answer` is called with each that is still this worker's. One that has been answered in the
-- very same way is not lost: it was sent twice.
local function answerEach(worker, text, verb, fields, answer)
  goOnWhenFull()
  local list, verdicts = listIn(text, 'the list of jobs'), {}
  local required = { id = isText, token = isNatural }
  for name, check in pairs(fields.required or {}) do required[name] = check end
  for _, item in ipairs(list) do checkFields('a job', item, required, fields.optional or {}, true) end
  for i, item in ipairs(list) do
    local job, other = ownJob(worker, item.id, item.token)
    local mark = verb .. ' ' .. worker .. ' ' .. redis.sha1hex(fields.mark and fields.mark(item) or '')
    if job then
      stopRunning(job)
      answer(job, item, mark)
    end
    local wasAnswered = other and other.token == item.token and other.answered == mark
    verdicts[i] = (job or wasAnswered) and '"ok"' or '"lost"'
  end
  return listOf(verdicts)
end
