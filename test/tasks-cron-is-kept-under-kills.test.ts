import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openStore, type Store } from '../src/store.ts'
import { type Job, openTasks, scheduledFor } from '../src/tasks.ts'
import { startRedis } from './support/redis-server.ts'
import { storeFolder } from './support/store-script.ts'
import { root } from './support/tree.ts'
import { until } from './support/until.ts'

const processes = 3
const kills = 3
const everyMs = 1_000

type StoreOptions = Parameters<typeof openStore>[0]

const dist = (path: string) => JSON.stringify(join(root, 'dist', path))
/** Runs a one-second schedule on the store that its argument opens, and prints each slot that it was the one to fire. */
const keeper = `
import { flushCompileCache } from 'node:module'
import { openStore } from ${dist('store.js')}
import { runSchedules } from ${dist('tasks/schedule/run-schedules.js')}
import { spaceOn } from ${dist('tasks/task-space.js')}
import { defineTask, schedule } from ${dist('tasks.js')}
const tick = defineTask({ id: 'tick', run: async () => {} })
// What comes too late comes all the same: so none may be missing, however slow the machine is.
const everySecond = { cron: '* * * * * *', overlap: 'allow', catchUp: 'all' }
const print = (event, { slot } = {}) => {
  if (event === 'schedule.fired') process.stdout.write(slot + '\\n')
}
await runSchedules(spaceOn(openStore(JSON.parse(process.argv[1]))), {
  schedules: [schedule('tick', everySecond, tick)],
  application: 'keepers',
  generation: 1,
  log: { debug: print, info: () => {}, warn: console.error, error: console.error },
})
// Who is killed leaves no compiled code for the next one.
flushCompileCache()
// Its loop alone keeps no process.
setInterval(() => {}, 1_000)`

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
  for (let i = 0; i < kills; i++) await keepers.replaceWhoFires()
  await keepers.whoFires()
  await keepers.end()
  const runs = (await jobsOf(store)).map(job => ({
    slot: scheduledFor(job)?.slot.getTime() ?? 0,
    created: job.created,
  }))
  const slots = runs.map(({ slot }) => slot).sort((a, b) => a - b)
  const lateMs = Math.max(...runs.map(({ slot, created }) => created - slot))
  t.diagnostic(`${slots.length} slots, ${kills} kills; latest run ${lateMs} ms late`)
  assert.ok(slots.length > kills, `${slots.length} slots ran`)
  const [first = 0] = slots
  assert.deepEqual(
    slots.map(slot => slot - first),
    slots.map((_, i) => i * everyMs),
    'Each slot runs, and none twice.',
  )
  assert.ok(Math.min(...runs.map(({ slot, created }) => created - slot)) >= 0, 'None is early.')
}

async function jobsOf(store: Store): Promise<readonly Job[]> {
  const { jobs } = await openTasks(store).list({ task: 'tick', limit: 1000 })
  return jobs
}

/** Processes of which each would fire every slot. */
class Keepers {
  /** The one that fired last. */
  #latest: ChildProcess | undefined
  readonly #running = new Set<ChildProcess>()
  readonly #options: string

  constructor(t: TestContext, options: StoreOptions) {
    this.#options = JSON.stringify(options)
    t.after(() => this.end())
  }

  start(): void {
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined }
    const args = ['--input-type=module', '-e', keeper, this.#options]
    const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    this.#running.add(child)
    child.stdout.on('data', () => {
      if (this.#running.has(child)) this.#latest = child
    })
  }

  /** Who fires the next slot that is fired. */
  whoFires(): Promise<ChildProcess> {
    this.#latest = undefined
    return until('somebody fires', () => this.#latest)
  }

  async replaceWhoFires(): Promise<void> {
    await this.#kill(await this.whoFires())
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
