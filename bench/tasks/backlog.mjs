// Whether many jobs that wait make it slower to take one: claims and completions of 50 at a time, in front of a backlog. Each backlog is
// in a store of its own, and they take turns.

import { table } from '../support/machine.mjs'
import { takeTurns, timed } from '../support/task-rows.mjs'
import { startSaola } from '../support/task-saola.mjs'
import { fill } from './burn-down.mjs'

const backlogs = [1e3, 1e5, 1e6]
const wanted = 0.8
const group = 50
const worker = 'bench'
const session = { worker, slot: worker, pid: process.pid, host: 'bench', pool: 'io', queues: ['default'] }

export async function run({ rounds, jobs }) {
  const stores = []
  for (const backlog of backlogs) {
    const saola = await startSaola()
    await saola.engine.enter(session, 3_600_000)
    await fill(saola, backlog, 5_000)
    stores.push({ ...saola, name: String(backlog) })
  }
  const [row] = await takeTurns(stores, [{ name: 'claim and done', measure: saola => measure(saola, jobs) }], {
    rounds,
  })
  for (const each of stores) await each.close()
  const first = row.results[stores[0].name].perSecond
  const lines = Object.entries(row.results).map(([backlog, { perSecond, cpuMicros }]) => {
    const ratio = perSecond / first
    const cells = [backlog, Math.round(perSecond), cpuMicros.toFixed(1), ratio.toFixed(2)]
    return [...cells, `≥ ${wanted}`, ratio >= wanted ? 'yes' : 'no']
  })
  console.log(`\n${table(['backlog', 'claimed and done/s', 'CPU µs', 'ratio', 'wanted', 'reached'], lines)}`)
  return lines.every(line => line.at(-1) === 'yes')
}

/** So many in all, in parts of half of the smallest backlog; what was taken is put there again meanwhile, and not timed. */
async function measure(saola, jobs) {
  const part = backlogs[0] / 2
  const times = []
  for (let taken = 0; taken < jobs; taken += part) {
    times.push(await timed(saola.pids, part, () => take(saola.engine, part)))
    await fill(saola, part)
  }
  const mean = key => times.reduce((sum, each) => sum + each[key], 0) / times.length
  return { perSecond: part / mean('seconds'), cpuMicros: mean('cpuMicros') }
}

async function take(engine, count) {
  for (let taken = 0; taken < count; ) {
    const free = Math.min(group, count - taken)
    const jobs = await engine.claim(worker, { queues: ['default'], free }, { timeoutMs: 5_000 })
    if (!jobs) throw new Error(`After ${taken} of ${count} jobs there was none.`)
    await engine.done(
      worker,
      jobs.map(({ id, token }) => ({ id, token })),
    )
    taken += jobs.length
  }
}
