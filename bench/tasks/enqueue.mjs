// How many jobs a second one process enqueues: Saola's are on the disk when the call resolves, BullMQ's nowhere but in memory.
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { median } from '../support/machine.mjs'
import { withEmbedded } from '../support/task-contenders.mjs'
import { temporaryFolder } from '../support/task-peers.mjs'
import { data, report, takeTurns, timed } from '../support/task-rows.mjs'

export function enqueueCases(jobs, wanted) {
  return [
    { name: 'enqueue, 1 in flight', measure: inFlight(jobs / 10, 1) },
    { name: 'enqueue, 64 in flight', wanted, measure: inFlight(jobs, 64) },
    { name: 'enqueue, 50 at once', measure: inBulk(jobs, 50) },
  ]
}

export async function run({ jobs, ...options }) {
  console.log(`\nthe disk: ${diskMs().toFixed(2)} ms until 16 KiB are on it`)
  const rows = await withEmbedded(contenders => takeTurns(contenders, enqueueCases(jobs, 1.5), options))
  return report('durable beside in memory', rows, { peer: 'BullMQ', ours: 'Saola' })
}

/** What each group of jobs has to wait for at least; BullMQ waits for nothing. */
function diskMs() {
  const fd = openSync(join(temporaryFolder(), 'disk'), 'w')
  const times = Array.from({ length: 50 }, () => {
    const startedAt = performance.now()
    writeSync(fd, Buffer.alloc(16_384))
    fdatasyncSync(fd)
    return performance.now() - startedAt
  })
  closeSync(fd)
  return median(times)
}

function inFlight(jobs, width) {
  return measured(jobs, 1, (contender, next) => {
    const worker = async () => {
      while (next()) await contender.add(data)
    }
    return Promise.all(Array.from({ length: width }, worker))
  })
}

function inBulk(jobs, size) {
  const all = Array.from({ length: size }, () => data)
  return measured(jobs, size, async (contender, next) => {
    while (next()) await contender.addMany(all)
  })
}

function measured(jobs, size, work) {
  return async (contender, isWarmUp) => {
    const count = isWarmUp ? jobs / 4 : jobs
    let left = Math.ceil(count / size)
    const result = await timed(contender.pids, count, () => work(contender, () => left-- > 0))
    await contender.clear()
    return result
  }
}
