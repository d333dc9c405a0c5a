// `node bench/tasks/cron-soak.mjs [--seconds 60] [--processes 4] [--redis]`: a one-second cron while the process that fires is killed
// every 5 s. Each slot runs once, none is early, and between two is no gap above 2 s; else it ends with 1.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { openStore } from '../../dist/store.js'
import { openTasks, scheduledFor } from '../../dist/tasks.js'
import { machine, table } from '../support/machine.mjs'
import { freePort, start } from '../support/processes.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    processes: { type: 'string', default: '4' },
    redis: { type: 'boolean', default: false },
  },
})
const killEveryMs = 5_000
const gapMsMax = 2_000

const dir = mkdtempSync(join(tmpdir(), 'saola-bench-cron-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }))
const options = values.redis ? await startRedis() : { dir }

const keepers = new Set()
let latest
for (let i = 0; i < Number(values.processes); i++) startKeeper()

const store = openStore(options)
let kills = 0
for (const endsAt = performance.now() + Number(values.seconds) * 1000; performance.now() < endsAt; ) {
  await pause(killEveryMs)
  if (!latest) continue
  const keeper = latest
  latest = undefined
  keepers.delete(keeper)
  await keeper.stop('SIGKILL')
  kills += 1
  startKeeper()
}
await Promise.all([...keepers].map(keeper => keeper.stop('SIGKILL')))

const runs = await allRuns()
const slots = runs.map(({ slot }) => slot).sort((a, b) => a - b)
const gapMs = Math.max(...slots.slice(1).map((slot, i) => slot - slots[i]))
const lateMs = runs.map(({ slot, created }) => created - slot)
const twice = slots.length - new Set(slots).size
console.log(`${machine()}\n${values.processes} processes on ${values.redis ? 'redis-server' : 'the embedded store'}\n`)
console.log(
  table(
    ['slots', 'kills', 'twice', 'longest gap', 'earliest', 'latest'],
    [[slots.length, kills, twice, ...[gapMs, Math.min(...lateMs), Math.max(...lateMs)].map(ms => `${ms} ms`)]],
  ),
)
await store.close()
const isKept = slots.length > 0 && twice === 0 && gapMs <= gapMsMax && Math.min(...lateMs) >= 0
process.exit(isKept ? 0 : 1)

async function startRedis() {
  const port = await freePort()
  start('redis-server', ['--port', String(port), '--dir', dir, '--save', ''])
  return { url: `redis://127.0.0.1:${port}` }
}

function startKeeper() {
  const script = join(import.meta.dirname, 'cron-keeper.mjs')
  const keeper = start(process.execPath, [script, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'inherit'] })
  keepers.add(keeper)
  keeper.child.stdout.on('data', () => {
    if (keepers.has(keeper)) latest = keeper
  })
}

/** The slot and moment of each job. */
async function allRuns() {
  const found = []
  let cursor
  do {
    const page = await openTasks(store).list({ task: 'tick', limit: 1000, ...(cursor && { cursor }) })
    found.push(...page.jobs.map(job => ({ slot: scheduledFor(job).slot.getTime(), created: job.created })))
    cursor = page.cursor
  } while (cursor)
  return found
}
