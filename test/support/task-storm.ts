/** Kills processes of a tree while jobs are enqueued and run, and looks what became of each job. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { engineOf } from '../../src/store/engine-of.ts'
import { openStore, type Store } from '../../src/store.ts'
import { TaskEngine } from '../../src/tasks/engine/task-engine.ts'
import { defineTask, openTasks } from '../../src/tasks.ts'
import type { RedisServer } from './redis-server.ts'
import { startTree, type Tree } from './tree.ts'
import { signalProcess } from './tree-processes.ts'

export interface Storm {
  readonly jobs: number
  /** Of a random process that runs tasks, so many milliseconds apart. */
  readonly workerKills: number
  readonly apartMs: number
  /** Of the owner of the store, or of redis-server, spread among the others. */
  readonly ownerKills: number
  /** Of all processes of the tree at once, spread among the others; whoever enqueues is not one of them, and goes on. */
  readonly treeKills: number
}

/** What is killed, and comes back. */
export interface Stage {
  readonly store: Store
  tree(): Tree
  /** Whether there was one to kill. */
  killOwner(): Promise<boolean>
  killTree(): Promise<void>
}

/** One beginning of a job, as its handler has noted it. */
export interface Run {
  readonly id: string
  readonly attempt: number
  readonly pid: number
}

export interface Aftermath {
  /** The ids of the jobs whose enqueue has resolved. */
  readonly acknowledged: ReadonlySet<string>
  readonly refused: number
  readonly runs: readonly Run[]
  readonly workersKilled: number
  readonly ownersKilled: number
  readonly treesKilled: number
  /** How many jobs there are in the end, by state. */
  readonly counts: Readonly<Record<string, number>>
  readonly seconds: number
}

export const processes = 2
export const concurrency = 8

const options = { id: 'note', retry: { attempts: 2 }, interruptions: 100 }

/** What a tree needs for it. */
const stormFiles = {
  'app.mjs': 'export default { fetch: () => new Response("hi") }',
  'tasks/note.mjs': `
    import { appendFileSync } from 'node:fs'
    import { setTimeout as pause } from 'node:timers/promises'
    import { defineTask } from 'saola/tasks'
    export const note = defineTask({ ...${JSON.stringify(options)}, async run(_, { id, attempt }) {
      appendFileSync('runs.log', id + ' ' + attempt + ' ' + process.pid + '\\n')
      // Some take long: of each part of the jobs a few still run when the kill comes.
      await pause(Math.random() * (Math.random() < 0.1 ? 800 : 40))
      return process.pid
    } })`,
}

const stormConfig = {
  name: 'storm',
  apps: { web: { app: './app.mjs', listen: 'unix:./web.sock' } },
  tasks: { pools: { io: { processes, concurrency } } },
}

const note = defineTask({ ...options, run: () => 0 })
const groupMax = 25
const inFlight = 4
const patienceMs = 120_000
const lookMs = 10
// Of one release: after this the kill comes anyway.
const someRunMs = 5_000

/** Enqueues while it kills, and resolves when all that was acknowledged is finished. */
export async function storm(stage: Stage, size: Storm): Promise<Aftermath> {
  const { jobs } = size
  const { store } = stage
  const startedAt = performance.now()
  const engine = new TaskEngine(engineOf(store))
  const acknowledged = new Set<string>()
  let refused = 0
  let begun = 0
  // In step with the kills: a machine that is slow to start processes must not have run all of them in between.
  let released = 0
  const release = async (share: number) => {
    released = Math.ceil(jobs * share)
    await someRun(engine, () => begun >= released)
  }
  const killing = kill(stage, size, release).finally(() => {
    released = jobs
  })
  const enqueue = async () => {
    while (begun < jobs) {
      const count = Math.min(groupMax, released - begun)
      if (count <= 0) {
        await pause(lookMs)
        continue
      }
      begun += count
      const enqueued = await Promise.allSettled(
        Array.from({ length: count }, () => openTasks(store).enqueue(note, undefined)),
      )
      for (const each of enqueued) {
        if (each.status === 'fulfilled') acknowledged.add(each.value.id)
        else refused++
      }
    }
  }
  await Promise.all(Array.from({ length: inFlight }, enqueue))
  const killed = await killing
  const counts = await allFinished(engine)
  const runs = readFileSync(join(stage.tree().dir, 'runs.log'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => line.split(' '))
    .map(([id = '', attempt, pid]) => ({ id, attempt: Number(attempt), pid: Number(pid) }))
  return { acknowledged, refused, runs, ...killed, counts, seconds: (performance.now() - startedAt) / 1000 }
}

async function kill(
  stage: Stage,
  { workerKills, apartMs, ownerKills, treeKills }: Storm,
  release: (share: number) => Promise<void>,
) {
  let [workersKilled, ownersKilled, treesKilled] = [0, 0, 0]
  // In the middle of its part of the storm.
  const isTime = (killed: number, kills: number) =>
    killed < kills && workersKilled >= ((killed + 0.5) * workerKills) / kills
  while (workersKilled < workerKills) {
    await pause(apartMs)
    // Chosen before, so that nothing is asked between the look at the jobs that run and the kill.
    const worker = await someWorker(stage.tree())
    await release((workersKilled + 1) / (workerKills + 1))
    if (worker !== undefined && signalProcess(worker, 'SIGKILL')) workersKilled++
    if (isTime(ownersKilled, ownerKills) && (await stage.killOwner())) ownersKilled++
    if (!isTime(treesKilled, treeKills)) continue
    await stage.killTree()
    treesKilled++
  }
  return { workersKilled, ownersKilled, treesKilled }
}

async function someWorker(tree: Tree): Promise<number | undefined> {
  const { children } = await tree.status()
  const workers = children.filter(({ name, state }) => name.startsWith('tasks:io:') && state === 'RUNNING')
  return workers[Math.floor(Math.random() * workers.length)]?.pid
}

/** A tree with a store of its own, or on a redis-server that writes to disk before it answers. */
export async function openStage(
  t: TestContext,
  { redis, lease }: { redis?: RedisServer; lease?: string },
): Promise<Stage> {
  const tasks = { ...stormConfig.tasks, ...(lease !== undefined && { lease }) }
  const config = { ...stormConfig, tasks, ...(redis && { store: { url: redis.url } }) }
  let tree = await startTree(t, { files: stormFiles, config })
  const { dir } = tree
  const store = openStore(redis ? { url: redis.url } : { dir: join(dir, '.saola', stormConfig.name, 'store') })
  t.after(() => store.close())
  return {
    store,
    tree: () => tree,
    async killOwner() {
      if (!redis) return killChild(tree, 'store')
      await redis.kill()
      await redis.start()
      return true
    },
    async killTree() {
      const ids = tree.processIds()
      // Nobody of it is to see another one end.
      for (const signal of ['SIGSTOP', 'SIGKILL'] as const) for (const id of ids) signalProcess(id, signal)
      await tree.exit
      tree = await startTree(t, { files: {}, config, dir })
    },
  }
}

async function killChild(tree: Tree, kind: string): Promise<boolean> {
  const { children } = await tree.status()
  const child = children.find(each => each.kind === kind && each.state === 'RUNNING')
  return child?.pid !== undefined && signalProcess(child.pid, 'SIGKILL')
}

/** Resolves when jobs run, or when there is nothing left that could. */
async function someRun(engine: TaskEngine, isAllBegun: () => boolean): Promise<void> {
  const giveUpAt = performance.now() + someRunMs
  while (performance.now() < giveUpAt) {
    const { active = 0, ready = 0 } = await engine.counts().catch(() => ({}) as Record<string, number>)
    if (active > 0 || (isAllBegun() && ready === 0)) return
    await pause(lookMs)
  }
}

const final = ['done', 'dead', 'cancelled']

async function allFinished(engine: TaskEngine): Promise<Readonly<Record<string, number>>> {
  const giveUpAt = performance.now() + patienceMs
  for (;;) {
    const counts = await engine.counts()
    if (Object.entries(counts).every(([state, count]) => count === 0 || final.includes(state))) return counts
    if (performance.now() > giveUpAt) throw new Error(`Not all jobs are finished: ${JSON.stringify(counts)}.`)
    await pause(50)
  }
}
