// How much slower requests are answered while a job computes without an end, until its hard limit. Requests come at a rate of their
// own, with and without such jobs in turns. The processes of a pool of type cpu leave the processor to others; those of type io do not:
// the last row shows what that is worth.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openStore } from '../../dist/store.js'
import { defineTask, openTasks } from '../../dist/tasks.js'
import { benchRoot, saolaBin } from '../support/candidates.mjs'
import { table } from '../support/machine.mjs'
import { openLoop, percentile } from '../support/open-loop.mjs'
import { freePort, start } from '../support/processes.mjs'
import { temporaryFolder } from '../support/task-peers.mjs'

const ratioMax = 2
const perSecond = 500
const seconds = 4
const cores = availableParallelism()
const endless = `retry: { attempts: 1 }, timeout: { hard: '${seconds + 1}s' }, async run() { for (;;) {} }`
const files = {
  'app.mjs': `export default { fetch: () => new Response('hello') }`,
  'tasks/work.mjs': `
    import { defineTask } from 'saola/tasks'
    export const yields = defineTask({ id: 'yields', pool: 'cpu', ${endless} })
    export const greedy = defineTask({ id: 'greedy', queue: 'greedy', ${endless} })`,
}

/** Which job, and how many of them at once. */
const cases = [
  { name: 'no job', jobs: 0 },
  { name: '1 endless job, type cpu', task: 'yields', jobs: 1, isPromised: true },
  { name: `${cores} endless jobs, type cpu`, task: 'yields', jobs: cores },
  { name: '1 endless job, type io', task: 'greedy', jobs: 1 },
]

export async function run({ rounds }) {
  const tree = await startTree()
  const measured = new Map(cases.map(({ name }) => [name, []]))
  for (let round = 0; round <= rounds; round++) {
    for (const each of round % 2 ? cases : cases.toReversed()) {
      const results = await measure(tree, each)
      // The first round warms up.
      if (round > 0) measured.get(each.name).push(...results)
    }
  }
  await tree.stop()
  const quiet = percentile(measured.get('no job'), 0.99)
  const ratioOf = ({ name }) => percentile(measured.get(name), 0.99) / quiet
  const rows = cases.map(each => {
    const [p50, p99] = [0.5, 0.99].map(share => `${percentile(measured.get(each.name), share).toFixed(2)} ms`)
    return [each.name, p50, p99, `${ratioOf(each).toFixed(2)} ×`]
  })
  const isReached = cases.filter(({ isPromised }) => isPromised).every(each => ratioOf(each) < ratioMax)
  console.log(`\n${table([`${perSecond} requests a second beside`, 'p50', 'p99', 'p99, ratio'], rows)}`)
  console.log(`wanted: p99 beside one job of type cpu < ${ratioMax} ×; reached: ${isReached ? 'yes' : 'no'}`)
  return isReached
}

async function startTree() {
  const dir = temporaryFolder()
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  mkdirSync(join(dir, 'node_modules'))
  symlinkSync(dirname(benchRoot), join(dir, 'node_modules', 'saola'))
  const port = await freePort()
  const apps = { web: { app: './app.mjs', listen: `127.0.0.1:${port}`, workers: 1, accessLog: false } }
  const tasks = { timeout: 0, pools: { greedy: { queues: ['greedy'] } } }
  writeFileSync(join(dir, 'saola.config.json'), JSON.stringify({ name: 'bench', apps, tasks }))
  const running = start(process.execPath, [saolaBin, 'start'], { cwd: dir })
  const store = openStore({ dir: join(dir, '.saola/bench/store'), timeoutMs: 30_000 })
  const commands = openTasks(store)
  while (!(await openLoop({ port, perSecond: 1, seconds: 1 })).every(({ status }) => status === 200)) await pause(100)
  return {
    port,
    tasks: commands,
    async stop() {
      await store.close()
      await running.stop()
    },
  }
}

async function measure({ port, tasks }, { task, jobs }) {
  for (let i = 0; i < jobs; i++) await tasks.enqueue(defineTask({ ...rulesOf(task), run: () => {} }), undefined)
  while (((await tasks.counts()).active ?? 0) < jobs) await pause(20)
  const results = await openLoop({ port, perSecond, seconds })
  const failed = results.find(({ status }) => status !== 200)
  if (failed) throw new Error(`A request was answered ${failed.status}.`)
  while (((await tasks.counts()).active ?? 0) > 0) await pause(100)
  return results
}

/** As the module of the tree says. */
function rulesOf(id) {
  const place = id === 'yields' ? { pool: 'cpu' } : { queue: 'greedy' }
  return { id, ...place, retry: { attempts: 1 }, timeout: { hard: `${seconds + 1}s` } }
}
