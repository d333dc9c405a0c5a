// Three times the load that an application can serve, with and without `edge.overload`: what is answered, and how late.
// The application keeps one core busy for 5 ms a request. Read the ratios, not the numbers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pinned, saolaBin } from '../support/candidates.mjs'
import { table } from '../support/machine.mjs'
import { openLoop, percentile } from '../support/open-loop.mjs'
import { freePort, start, untilAnswering } from '../support/processes.mjs'

const serverCore = '0'
const workMs = 5
const promised = { goodput: 0.9, latency: 3, health: 1 }

const application = `
  export default (req, res) => {
    if (req.url !== '/healthz') for (const end = performance.now() + ${workMs}; performance.now() < end; );
    res.end('done')
  }`

/** Measures and prints; returns whether all that is promised was reached. */
export async function run({ rounds, seconds }) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-bench-'))
  try {
    const guarded = await measure(dir, true, { rounds, seconds })
    const bare = await measure(dir, false, { rounds: 1, seconds })
    return report(guarded, bare)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** The middle of the rounds, by the ratio of the goodput: what else the machine does disturbs some of them. */
async function measure(dir, overload, { rounds, seconds }) {
  const port = await freePort()
  writeFileSync(join(dir, 'app.mjs'), application)
  const web = { app: './app.mjs', listen: `127.0.0.1:${port}`, workers: 1, accessLog: false, edge: { overload } }
  writeFileSync(join(dir, 'saola.config.json'), JSON.stringify({ name: 'bench', apps: { web } }))
  const [command, args] = pinned(serverCore, process.execPath, [saolaBin, 'start'])
  const server = start(command, args, { cwd: dir, env: { ...process.env, NODE_ENV: 'production' } })
  const results = []
  try {
    await untilAnswering(port)
    for (let round = 0; round < rounds; round++) {
      results.push(await measureOnce(port, seconds))
      console.error(
        `round ${round + 1}, overload ${overload ? 'on' : 'off'}: goodput ${results.at(-1).goodput.toFixed(2)}`,
      )
    }
  } finally {
    await server.stop()
  }
  return results.sort((a, b) => a.goodput - b.goodput)[Math.floor(results.length / 2)]
}

async function measureOnce(port, seconds) {
  const before = await capacityOf(port, seconds / 2)
  const normal = await openLoop({ port, perSecond: before * 0.7, seconds })
  const pathOf = n => (n % 20 === 0 ? '/healthz' : '/')
  const flood = await openLoop({ port, perSecond: before * 3, seconds, pathOf })
  const after = await capacityOf(port, seconds / 2)
  const capacity = (before + after) / 2
  const work = flood.filter(({ path }) => path === '/')
  const refused = work.filter(({ status }) => status === 503)
  // What is answered after its client would have left is of no use to anybody.
  const useful = work.filter(({ status, ms, atMs }) => status === 200 && ms < 1_000 && atMs <= seconds * 1000)
  const health = flood.filter(({ path }) => path === '/healthz')
  return {
    capacity,
    normal: percentile(normal, 0.99),
    goodput: useful.length / seconds / capacity,
    accepted: percentile(
      work.filter(({ status }) => status === 200),
      0.99,
    ),
    refused: refused.length / work.length,
    refusedMs: percentile(refused, 0.99),
    lost: work.filter(({ status }) => status === 0).length,
    health: health.filter(({ status }) => status === 200).length / health.length,
    healthMs: percentile(health, 0.99),
  }
}

/** Requests per second when the next one is sent as soon as one is answered. */
async function capacityOf(port, seconds) {
  // More than it can do, on a few connections: they are never idle.
  const results = await openLoop({
    port,
    perSecond: (2 * 1000) / workMs,
    seconds,
    connectionsMax: 4,
    timeoutMs: 60_000,
  })
  const good = results.filter(({ status, atMs }) => status === 200 && atMs <= seconds * 1000)
  return good.length / seconds
}

function report(guarded, bare) {
  const row = (name, { capacity, normal, goodput, accepted, refused, refusedMs, lost, health, healthMs }) => [
    name,
    Math.round(capacity),
    goodput.toFixed(2),
    normal.toFixed(0),
    accepted.toFixed(0),
    (accepted / normal).toFixed(1),
    `${Math.round(refused * 100)} %`,
    refusedMs.toFixed(0),
    lost,
    `${Math.round(health * 100)} %`,
    healthMs.toFixed(0),
  ]
  const heads = [
    '',
    'capacity/s',
    'goodput',
    'p99 normal ms',
    'p99 accepted',
    'ratio',
    'refused',
    'p99 refused',
    'lost',
    'health',
    'p99 health',
  ]
  console.log(`\n${table(heads, [row('with', guarded), row('without', bare)])}`)
  return (
    guarded.goodput >= promised.goodput &&
    guarded.accepted <= promised.latency * guarded.normal &&
    guarded.health >= promised.health
  )
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await run({ rounds: 3, seconds: Number(process.argv[2] ?? 6) })) ? 0 : 1
}
