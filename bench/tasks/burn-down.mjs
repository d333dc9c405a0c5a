// How many jobs that do nothing one worker process completes a second, from a queue that was filled before.
import { withEmbedded } from '../support/task-contenders.mjs'
import { data, report, takeTurns, timed } from '../support/task-rows.mjs'

export function burnDownCases(jobs, wanted) {
  return [
    { name: 'burn-down, concurrency 1', measure: burnDown(jobs / 2, 1) },
    { name: 'burn-down, concurrency 50', wanted, measure: burnDown(jobs, 50) },
  ]
}

export async function run({ jobs, ...options }) {
  const rows = await withEmbedded(contenders => takeTurns(contenders, burnDownCases(jobs, 1.2), options))
  return report('one worker process', rows, { peer: 'BullMQ', ours: 'Saola' })
}

export function burnDown(jobs, concurrency) {
  return async (contender, isWarmUp) => {
    // A part of them are for the worker to warm up.
    const before = Math.min(2_000, jobs / 4)
    const count = isWarmUp ? before : jobs
    await fill(contender, count + before)
    const worker = await contender.startWorker({ concurrency })
    await worker.untilCompleted(before)
    const result = await timed([...contender.pids, worker.pid], count, () => worker.untilCompleted(before + count))
    await worker.stop()
    await contender.clear()
    return result
  }
}

export async function fill(contender, count, size = 500) {
  for (let left = count; left > 0; left -= size) {
    await contender.addMany(Array.from({ length: Math.min(size, left) }, () => data))
  }
}
