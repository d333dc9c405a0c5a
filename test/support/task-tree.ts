/**
 * Trees that run tasks. Each run of a handler appends a line to `runs.log` in the folder of the tree: `begin ID ATTEMPT PID`, and
 * `end` when it ends.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { ChildStatus } from '../../src/ipc/status.ts'
import { openStore, type Store } from '../../src/store.ts'
import type { Job } from '../../src/tasks/engine/job.ts'
import { request } from './http-connection.ts'
import { type RedisServer, startRedis } from './redis-server.ts'
import { startTree, type Tree } from './tree.ts'
import { signalProcess } from './tree-processes.ts'
import { until } from './until.ts'

/** Enqueues by the name of a task, and answers what is asked of jobs. */
const web = `
import { tasks } from 'saola/tasks'
const routes = {
  '/enqueue': async query => (await tasks.enqueue(query.get('task'), JSON.parse(query.get('input') ?? 'null'))).id,
  '/events': async query => (await Array.fromAsync(tasks.handle(query.get('id')).events())).map(event => event.state ?? event.type),
  '/enqueue-many': async query => {
    const given = Array.from({ length: Number(query.get('count')) }, () => tasks.enqueue(query.get('task'), null))
    return (await Promise.all(given)).map(({ id }) => id)
  },
  '/try': async query => {
    // In one process of an even clock: of two timers that are due, the earlier one comes first, however late both are.
    let isLate = false
    const timer = setTimeout(() => { isLate = true }, Number(query.get('withinMs')))
    const answer = await tasks.enqueue(query.get('task')).then(({ id }) => ({ id }), error => ({ failed: error.code }))
    clearTimeout(timer)
    return { ...answer, isLate }
  },
  '/pause': query => tasks.pause(query.get('queue')),
  '/resume': query => tasks.resume(query.get('queue')),
  '/retry': query => tasks.dead.retry(query.get('id')),
  '/counts': () => tasks.counts(),
  '/result': query => tasks.handle(query.get('id')).result().catch(error => ({ failed: error.code, cause: error.cause?.code })),
  '/job': query => tasks.get(query.get('id')),
  '/cancel': query => tasks.cancel(query.get('id')),
}
export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url)
    try {
      return Response.json((await routes[pathname](searchParams)) ?? null)
    } catch (error) {
      return Response.json({ code: error.code, message: error.message }, { status: 500 })
    }
  },
}`

/** For modules of tasks: `note` writes a line, `noted` makes a handler one that tells of its beginning and end. */
const notes = `
import { appendFileSync } from 'node:fs'
export const note = (...words) => appendFileSync(process.env.RUNS, words.join(' ') + '\\n')
export const noted = run => async (input, context) => {
  note('begin', context.id, context.attempt, process.pid)
  const result = await run(input, context)
  note('end', context.id, context.attempt, process.pid)
  return result
}`

export interface TaskTreeOptions {
  /** The module `tasks/work.mjs`: `defineTask`, `note`, `noted` and `pause` are there. */
  readonly tasks: string
  /** Of the section `tasks` of the configuration. */
  readonly options?: object
  readonly config?: object
  /** Which pools have to be there before the tree is used; `io` by default. */
  readonly pools?: readonly string[]
  /** Where the store is; in the tree without one. */
  readonly redis?: RedisServer | undefined
  /** Of an earlier tree. */
  readonly dir?: string
  readonly env?: Readonly<Record<string, string>>
}

/** One test with a store in the tree, and one with a redis-server, which is given to it. */
export function testOnBothEngines(
  title: string,
  run: (t: TestContext, redis: RedisServer | undefined) => Promise<void>,
): void {
  test(`${title} (embedded)`, t => run(t, undefined))
  test(`${title} (Redis)`, async t => run(t, await startRedis(t, { args: durable })))
}

/** What redis-server has to be told, so that a kill loses nothing that it has answered. */
export const durable = ['--appendonly', 'yes', '--appendfsync', 'always']

export async function startTaskTree(t: TestContext, given: TaskTreeOptions): Promise<TaskTree> {
  const { tasks, options = {}, config = {}, pools = ['io'], redis, dir, env = {} } = given
  const files = { 'app.mjs': web, 'notes.mjs': notes, [taskFile]: taskModule(tasks) }
  const apps = { web: { app: './app.mjs', listen: 'unix:./web.sock', env: { RUNS: 'runs.log' } } }
  const all = {
    name: 'shop',
    apps,
    tasks: { pools: { cpu: { processes: 1 } }, ...options },
    ...(redis ? { store: { url: redis.url } } : {}),
    ...config,
  }
  const tree = new TaskTree(
    await startTree(t, { files, config: all, env, ...(dir === undefined ? {} : { dir }) }),
    redis,
  )
  for (const pool of pools) await tree.process(pool)
  return tree
}

/** Where the module of the tasks is, in the folder of the tree. */
export const taskFile = 'tasks/work.mjs'

/** A module of tasks that has at hand what those of a tree have. */
export function taskModule(tasks: string): string {
  return `import { setTimeout as pause } from 'node:timers/promises'
import { defineTask } from 'saola/tasks'
import { note, noted } from '../notes.mjs'
${tasks}`
}

export interface Run {
  readonly what: string
  readonly id: string
  readonly attempt: number
  readonly pid: number
}

/** The jobs that have run to an end. */
export function endedIn(runs: readonly Run[]): Set<string> {
  return new Set(runs.flatMap(({ what, id }) => (what === 'end' ? [id] : [])))
}

/** What came of an enqueue. */
export interface Tried {
  readonly id?: string
  readonly failed?: string
  readonly isLate: boolean
}

export class TaskTree {
  readonly tree: Tree
  readonly #redis: RedisServer | undefined

  constructor(tree: Tree, redis?: RedisServer) {
    this.tree = tree
    this.#redis = redis
  }

  /** The store of the tree, as a script outside of it opens it. */
  openStore(): Store {
    return openStore(this.#redis ? { url: this.#redis.url } : { dir: join(this.tree.dir, '.saola', 'shop', 'store') })
  }

  /** Kills whoever has the store, and is back when it is. */
  async breakStore(): Promise<void> {
    if (this.#redis) {
      await this.#redis.kill()
      return this.#redis.start()
    }
    const owner = async () => (await this.tree.status()).children.find(({ kind }) => kind === 'store')
    const { pid } = (await owner()) ?? {}
    if (pid !== undefined) signalProcess(pid, 'SIGKILL')
    await until('another owner runs', async () => {
      const next = await owner()
      return next?.state === 'RUNNING' && next.pid !== pid
    })
  }

  /** The process of a pool, as soon as it runs. */
  process(pool: string, index = 0): Promise<ChildStatus & { readonly pid: number }> {
    return until(`tasks:${pool}:${index} is RUNNING`, async () => {
      const { children } = await this.tree.status()
      const child = children.find(({ name, state }) => name === `tasks:${pool}:${index}` && state === 'RUNNING')
      return child as (ChildStatus & { readonly pid: number }) | undefined
    })
  }

  enqueue(task: string, input: unknown = null): Promise<string> {
    return this.#ask('/enqueue', { task, input: JSON.stringify(input) }) as Promise<string>
  }

  enqueueMany(task: string, count: number): Promise<string[]> {
    return this.#ask('/enqueue-many', { task, count: String(count) }) as Promise<string[]>
  }

  /** How many jobs have ended in which way, as soon as so many have. */
  finished(count: number): Promise<Record<string, number>> {
    return until(`${count} jobs are finished`, async () => {
      const counts = Object.entries((await this.#ask('/counts', {})) as Record<string, number>)
      const ended = counts.filter(([state, jobs]) => jobs > 0 && ['done', 'dead', 'cancelled'].includes(state))
      const all = ended.reduce((sum, [, jobs]) => sum + jobs, 0)
      return all === count ? Object.fromEntries(ended) : undefined
    })
  }

  /** As `enqueue`, and the code of its error when it fails; and whether the worker has waited longer for it than so. */
  tryEnqueue(task: string, withinMs: number): Promise<Tried> {
    return this.#ask('/try', { task, withinMs: String(withinMs) }) as Promise<Tried>
  }

  /** As the commands of this name do, without a process for each. */
  async pause(queue: string): Promise<void> {
    await this.#ask('/pause', { queue })
  }

  async resume(queue: string): Promise<void> {
    await this.#ask('/resume', { queue })
  }

  /** How many of them were dead. */
  retry(id: string): Promise<number> {
    return this.#ask('/retry', { id }) as Promise<number>
  }

  result(id: string): Promise<unknown> {
    return this.#ask('/result', { id })
  }

  job(id: string): Promise<Job> {
    return this.#ask('/job', { id }) as Promise<Job>
  }

  /** Its states, to the last. */
  events(id: string): Promise<string[]> {
    return this.#ask('/events', { id }) as Promise<string[]>
  }

  async #ask(path: string, query: Record<string, string>): Promise<unknown> {
    const address = `unix:${this.tree.dir}/web.sock`
    const { status, body } = await request(address, { path: `${path}?${new URLSearchParams(query)}` })
    if (status !== 200) throw new Error(`${path} answered ${status}: ${body}\n${this.tree.lines.slice(-20).join('\n')}`)
    return JSON.parse(String(body))
  }

  /** Of one job, or of all. */
  runs(id?: string): Run[] {
    const file = `${this.tree.dir}/runs.log`
    const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
    const runs = lines.map(line => {
      const [what = '', of = '', attempt, pid] = line.split(' ')
      return { what, id: of, attempt: Number(attempt), pid: Number(pid) }
    })
    return runs.filter(run => id === undefined || run.id === id)
  }

  /** The first such line of a job, as soon as it is there. */
  run(id: string, what: string, number = 1): Promise<Run> {
    return until(
      `${what} ${id} for the ${number}. time`,
      () => this.runs(id).filter(run => run.what === what)[number - 1],
    )
  }
}
