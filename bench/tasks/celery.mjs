// Celery, results ignored, beside Saola with its own store. Celery enqueues one after the other: there is no other way; and runs jobs in
// two processes that it forks.

import { openCelery, startRedis } from '../support/task-peers.mjs'
import { report, takeTurns, timed } from '../support/task-rows.mjs'
import { startSaola } from '../support/task-saola.mjs'
import { burnDown } from './burn-down.mjs'
import { enqueueCases } from './enqueue.mjs'

const wanted = 10

export async function run({ jobs, ...options }) {
  const redis = await startRedis()
  const contenders = [openCelery(redis), await startSaola()]
  // It is ten times slower.
  const fewer = Math.ceil(jobs / 5)
  const enqueue = enqueueCases(jobs).find(({ name }) => name.includes('64')).measure
  const drain = burnDown(jobs, 50)
  const cases = [
    { name: 'enqueue', wanted, measure: forEach(enqueue, celery => produce(celery, redis, fewer)) },
    { name: 'burn-down', wanted, measure: forEach(drain, celery => burnDownOfCelery(celery, redis, fewer)) },
  ]
  const rows = await takeTurns(contenders, cases, options)
  await contenders[1].close()
  await redis.stop()
  return report('its best', rows, { peer: 'Celery', ours: 'Saola' })
}

function forEach(ours, theirs) {
  return (contender, isWarmUp) => (contender.name === 'Celery' ? theirs(contender) : ours(contender, isWarmUp))
}

async function produce(celery, redis, jobs) {
  let produced
  const all = await timed([redis.pid], jobs, async () => {
    produced = await celery.produce(jobs)
  })
  await celery.clear()
  // Without the start of Python: its own time, and the server's.
  return { perSecond: produced.jobs / produced.seconds, cpuMicros: all.cpuMicros + (produced.cpuSeconds * 1e6) / jobs }
}

async function burnDownOfCelery(celery, redis, jobs) {
  await celery.produce(jobs)
  const worker = celery.startWorker()
  // Its start is not counted: from its first jobs on.
  const left = await celery.untilLeft(jobs - 100)
  const result = await timed([redis.pid, worker.pid], left, () => celery.untilLeft(0))
  await worker.stop()
  await celery.clear()
  return result
}
