// `npm run bench:http [-- --rounds 3 --seconds 3]`: requests per second, side by side in one run.
//
// With one worker, the server has one core and the load generator the other, for every candidate; with two workers,
// all share both. Candidates take turns, and the median of the rounds counts; read the ratios, not the numbers.
import { parseArgs } from 'node:util'
import { candidates, installPeers } from '../support/candidates.mjs'
import { load, loadGenerator } from '../support/load.mjs'
import { machine, median, table } from '../support/machine.mjs'
import { freePort, untilAnswering } from '../support/processes.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '3' } },
})
const rounds = Number(values.rounds)
const seconds = Number(values.seconds)
const connections = 100

const scenarios = [
  { name: '1 worker, keep-alive', workers: 1, isKept: true, serverCores: '0', loadCores: '1' },
  { name: '1 worker, a connection each', workers: 1, isKept: false, serverCores: '0', loadCores: '1' },
  { name: '2 workers, keep-alive', workers: 2, isKept: true },
  { name: '2 workers, a connection each', workers: 2, isKept: false },
]

await installPeers()
console.log(`${machine()}\n${loadGenerator}, ${connections} connections, ${seconds} s, median of ${rounds} rounds\n`)

const results = new Map()
const shares = []
for (let round = 0; round < rounds; round++) {
  for (const scenario of scenarios) {
    for (const [name, candidate] of Object.entries(candidates)) {
      if (scenario.workers > (candidate.workersMax ?? scenario.workers)) continue
      const perSecond = await measure(candidate, scenario)
      const key = `${scenario.name} ${name}`
      results.set(key, [...(results.get(key) ?? []), perSecond])
      console.error(`round ${round + 1}  ${scenario.name}  ${name}: ${Math.round(perSecond)}/s`)
    }
  }
}
report()

async function measure(candidate, { workers, isKept, serverCores, loadCores }) {
  const port = await freePort()
  const running = await candidate.start({ port, workers, cores: serverCores })
  try {
    await untilAnswering(port)
    await load({ port, connections, seconds: 1, isKept, cores: loadCores })
    const before = running.status && (await running.status())
    const perSecond = await load({ port, connections, seconds, isKept, cores: loadCores })
    if (before && workers === 2 && isKept) shares.push(shareOf(before, await settled(running)))
    return perSecond
  } finally {
    await running.stop()
  }
}

/** The status after the next beat of each worker, so that its counts are whole. */
async function settled(running) {
  await new Promise(resolve => setTimeout(resolve, 1_200))
  return running.status()
}

function shareOf(before, after) {
  const counts = after.children.map((child, i) => child.requests - (before.children[i]?.requests ?? 0))
  return (100 * counts[0]) / (counts[0] + counts[1])
}

function report() {
  for (const scenario of scenarios) {
    const rates = new Map()
    for (const name of Object.keys(candidates)) {
      const rate = results.get(`${scenario.name} ${name}`)
      if (rate) rates.set(name, median(rate))
    }
    const saola = rates.get('Saola')
    const rows = [...rates].map(([name, rate]) => [name, Math.round(rate), (rate / saola).toFixed(2)])
    console.log(`\n${scenario.name}\n\n${table([scenario.name, 'requests/s', 'of Saola'], rows)}`)
  }
  console.log(`\nShare of worker 0 of two, keep-alive: ${shares.map(share => `${share.toFixed(0)} %`).join(', ')}`)
}
