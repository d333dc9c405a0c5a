import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openStore, type Store } from '../src/store.ts'
import { type Job, openTasks, scheduledFor } from '../src/tasks.ts'
import { startRedis } from './support/redis-server.ts'
import { storeFolder } from './support/store-script.ts'
import { until } from './support/until.ts'

const processes = 4
const kills = 4
const killEveryMs = 1_100
const gapMsMax = 2_000

type StoreOptions = Parameters<typeof openStore>[0]

test('a one-second cron runs each slot once, while whoever fires is killed (embedded)', async t => {
  const folder = storeFolder(t)
  await folder.warmUp()
  await keepsCron(t, { dir: folder.dir })
})

test('a one-second cron runs each slot once, while whoever fires is killed (Redis)', async t => {
  const { url } = await startRedis(t)
  await keepsCron(t, { url })
})

async function keepsCron(t: TestContext, options: StoreOptions): Promise<void> {
  await using store = openStore(options)
  const keepers = new Keepers(t, options)
  for (let i = 0; i < processes; i++) keepers.start()
  await until('the first slot was fired', () => keepers.latest !== undefined)
  for (let i = 0; i < kills; i++) {
    // Slots go by with the clock: some are to be fired between two kills.
    await pause(killEveryMs)
    await keepers.replaceLatest()
  }
  await pause(killEveryMs)
  await keepers.end()
  const runs = (await jobsOf(store)).map(job => ({
    slot: scheduledFor(job)?.slot.getTime() ?? 0,
    created: job.created,
  }))
  const slots = runs.map(({ slot }) => slot).sort((a, b) => a - b)
  assert.equal(new Set(slots).size, slots.length, 'No slot runs twice.')
  const gaps = slots.slice(1).map((slot, i) => slot - (slots[i] ?? 0))
  const lateMs = Math.max(...runs.map(({ slot, created }) => created - slot))
  t.diagnostic(
    `${slots.length} slots, ${kills} kills; longest gap ${Math.max(...gaps)} ms, latest run ${lateMs} ms late`,
  )
  assert.ok(slots.length >= (kills * killEveryMs) / gapMsMax, `${slots.length} slots ran`)
  assert.ok(Math.max(...gaps) <= gapMsMax, `a gap of ${Math.max(...gaps)} ms`)
  assert.ok(Math.min(...runs.map(({ slot, created }) => created - slot)) >= 0, 'None is early.')
  assert.ok(lateMs <= gapMsMax, `a slot ran ${lateMs} ms late`)
}

async function jobsOf(store: Store): Promise<readonly Job[]> {
  const { jobs } = await openTasks(store).list({ task: 'tick', limit: 1000 })
  return jobs
}

/** Processes of which each would fire every slot. */
class Keepers {
  /** The one that fired last. */
  latest: ChildProcess | undefined
  readonly #running = new Set<ChildProcess>()
  readonly #options: string

  constructor(t: TestContext, options: StoreOptions) {
    this.#options = JSON.stringify(options)
    t.after(() => this.end())
  }

  start(): void {
    const script = join(import.meta.dirname, 'fixtures', 'tasks', 'cron-keeper.ts')
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
    const child = spawn(process.execPath, [script, this.#options], { env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#running.add(child)
    child.stdout.on('data', () => {
      if (this.#running.has(child)) this.latest = child
    })
  }

  async replaceLatest(): Promise<void> {
    const child = await until('somebody fires', () => this.latest)
    this.latest = undefined
    await this.#kill(child)
    this.start()
  }

  async end(): Promise<void> {
    await Promise.all([...this.#running].map(child => this.#kill(child)))
  }

  async #kill(child: ChildProcess): Promise<void> {
    this.#running.delete(child)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  }
}
