// How long it takes from the call that enqueues until the job begins in another process that has nothing else to do; and beside it
// until the call resolves, which with Saola is when the disk has the job: to begin it need not wait for that.
import { setTimeout as pause } from 'node:timers/promises'
import { table } from '../support/machine.mjs'
import { withEmbedded } from '../support/task-contenders.mjs'
import { nowMs } from '../support/task-handler.mjs'
import { data, quantile } from '../support/task-rows.mjs'

const p50MaxMs = 2
const samples = 200
const apartMs = 7

export async function run({ rounds, only }) {
  const times = new Map()
  const resolved = new Map()
  await withEmbedded(async all => {
    const contenders = all.filter(({ name }) => only === undefined || name === only)
    const workers = new Map()
    for (const each of contenders) workers.set(each, await each.startWorker({ concurrency: 10 }))
    for (const worker of workers.values()) worker.run()
    for (let round = 0; round <= rounds; round++) {
      for (const contender of round % 2 ? contenders : contenders.toReversed()) {
        const { started, answered } = await measure(contender, workers.get(contender))
        // The first round warms up.
        if (round === 0) continue
        times.set(contender.name, [...(times.get(contender.name) ?? []), ...started])
        resolved.set(contender.name, [...(resolved.get(contender.name) ?? []), ...answered])
      }
    }
    for (const worker of workers.values()) await worker.stop()
  })
  const cells = list => [ms(quantile(list, 0.5)), ms(quantile(list, 0.99))]
  const rows = [...times].map(([name, list]) => [name, ...cells(list), ...cells(resolved.get(name))])
  const ours = times.has('Saola') ? quantile(times.get('Saola'), 0.5) : undefined
  const isReached = ours === undefined || ours <= p50MaxMs
  console.log(`\n${table(['enqueue → start, idle', 'p50', 'p99', 'enqueue → resolved, p50', 'p99'], rows)}`)
  if (ours !== undefined) console.log(`wanted: p50 of Saola ≤ ${p50MaxMs} ms; reached: ${isReached ? 'yes' : 'no'}`)
  return isReached
}

async function measure(contender, worker) {
  const started = []
  const answered = []
  for (let i = 0; i < samples; i++) {
    const sentAt = nowMs()
    await contender.add({ ...data, sentAt })
    answered.push(nowMs() - sentAt)
    await pause(apartMs)
  }
  while (started.length < samples) started.push(...(await worker.latencies()))
  return { started, answered }
}

function ms(value) {
  return `${value.toFixed(2)} ms`
}
