// A thousand slow clients beside normal traffic: what the normal traffic notices, and what memory they hold. Read the
// ratios, not the numbers.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { pinned, saolaBin } from '../support/candidates.mjs'
import { loadCore, serverCore } from '../support/edge-servers.mjs'
import { table } from '../support/machine.mjs'
import { openLoop, percentile } from '../support/open-loop.mjs'
import { freePort, run as runCommand, start, untilAnswering } from '../support/processes.mjs'

const perSecond = 500
/** Until all of the crowd have come. */
const gatherMs = 4_500
const crowdFile = join(import.meta.dirname, '..', 'support', 'slow-crowd.mjs')
const promisedRatio = 2
const megabyte = 1024 * 1024

const application = `
  const large = Buffer.alloc(16 * 1024 * 1024)
  export default (req, res) => {
    if (req.url === '/large') res.end(large)
    else if (req.method === 'POST') req.resume().on('end', () => res.end())
    else res.end('hello')
  }`

/** Measures and prints; returns whether what is promised was reached. */
export async function run({ rounds, seconds }) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-bench-'))
  const port = await freePort()
  const limits = { headerTimeout: '2s', idleTimeout: '3s' }
  writeFileSync(join(dir, 'app.mjs'), application)
  const web = { app: './app.mjs', listen: `127.0.0.1:${port}`, workers: 1, accessLog: false, edge: { limits } }
  writeFileSync(join(dir, 'saola.config.json'), JSON.stringify({ name: 'bench', apps: { web } }))
  const [command, args] = pinned(serverCore, process.execPath, [saolaBin, 'start'])
  const server = start(command, args, { cwd: dir, env: { ...process.env, NODE_ENV: 'production' } })
  try {
    await untilAnswering(port)
    const pid = await workerOf(dir)
    await openLoop({ port, perSecond, seconds: 1 })
    const rows = { alone: [], crowded: [] }
    let cuts = 0
    for (let round = 0; round < rounds; round++) {
      rows.alone.push(await measure('alone', { port, pid, seconds }))
      const crowd = await openCrowd(port)
      rows.crowded.push(await measure('with 1,000 slow clients', { port, pid, seconds }))
      cuts += await crowd.close()
      // Until the server has noticed that they are gone.
      await new Promise(resolve => setTimeout(resolve, 1_000))
    }
    return report(rows, cuts)
  } finally {
    await server.stop()
    rmSync(dir, { recursive: true, force: true })
  }
}

async function measure(name, { port, pid, seconds }) {
  let rss = 0
  const timer = setInterval(() => {
    rss = Math.max(rss, residentBytes(pid))
  }, 100)
  const results = await openLoop({ port, perSecond, seconds })
  clearInterval(timer)
  const failed = results.filter(({ status }) => status !== 200).length
  return { name, p50: percentile(results, 0.5), p99: percentile(results, 0.99), failed, rss }
}

/** Resolves when so many have come as come at once. */
async function openCrowd(port) {
  const command = pinned(loadCore, process.execPath, [crowdFile, String(port)])
  const crowd = start(...command, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  crowd.child.stdout.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  await new Promise(resolve => setTimeout(resolve, gatherMs))
  return {
    /** Returns how many were cut. */
    async close() {
      await crowd.stop()
      return Number(/cut (\d+)/.exec(text)?.[1] ?? 0)
    },
  }
}

async function workerOf(dir) {
  const status = await runCommand(process.execPath, [saolaBin, 'status', '--json'], { cwd: dir })
  return JSON.parse(status).children[0].pid
}

function residentBytes(pid) {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024
}

function report({ alone, crowded }, cuts) {
  const lines = [...alone, ...crowded].map(({ name, p50, p99, failed, rss }) => [
    name,
    p50.toFixed(1),
    p99.toFixed(1),
    failed,
    `${Math.round(rss / megabyte)} MB`,
  ])
  console.log(`\n${table(['', 'p50 ms', 'p99 ms', 'failed', 'memory'], lines)}`)
  const ratio = median(crowded.map(({ p99 }) => p99)) / median(alone.map(({ p99 }) => p99))
  const failed = crowded.reduce((sum, each) => sum + each.failed, 0)
  console.log(`\np99 ${ratio.toFixed(2)} times (medians), promised ${promisedRatio}; ${cuts} were cut, and came again.`)
  return ratio <= promisedRatio && failed === 0
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.exitCode = (await run({ rounds: 5, seconds: Number(process.argv[2] ?? 5) })) ? 0 : 1
}
