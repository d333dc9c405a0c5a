// Runs as every process that runs tasks; started by the supervisor, which says in SAOLA_TASKS what to be.
import { writeFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import os from 'node:os'
import { Worker as Thread } from 'node:worker_threads'
import { messageOf } from '../base/errors.ts'
import { createLog, type LogFields, type LogLevel, type LogRecord } from '../base/log.ts'
import { threadEnvironment } from '../base/thread-environment.ts'
import { isSaolaMessage, sendToSupervisor } from '../ipc/channel.ts'
import type { FromWorker, ToWorker } from '../ipc/messages.ts'
import { checkRedis } from '../tasks/engine/check-redis.ts'
import type { TaskInfo } from '../tasks/engine/job.ts'
import { loadTasks } from '../tasks/load-tasks.ts'
import { ActiveTable } from '../tasks/runner/active-table.ts'
import { queuesOf } from '../tasks/runner/pool-queues.ts'
import { type KeeperSpec, type TaskProcessSpec, taskProcessVariable } from '../tasks/runner/process-spec.ts'
import { currentJob } from '../tasks/runner/run-job.ts'
import { Runner } from '../tasks/runner/runner.ts'
import type { KeeperNews } from '../tasks/runner/session-keeper.ts'
import { within } from '../tasks/runner/within.ts'
import { schedulesAmong } from '../tasks/schedule/declared-schedule.ts'
import { type RunningSchedules, runSchedules } from '../tasks/schedule/run-schedules.ts'
import { taskInfoOf } from '../tasks/task-info.ts'
import { currentSpace } from '../tasks/task-space.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { hearWaking } from '../worker/waking.ts'
import { watchOptions } from '../worker/watch-thread.ts'

/** Of the pipe of the watch thread: see workerFds in supervisor/spawn-process.ts. */
const watchFd = 5
// Web workers get the processor first.
const cpuNiceness = 5
// The workers of a tree whose supervisor was killed end within five seconds; so do these.
const orphanMs = 3_000
const leaveMs = 3_000

enableCompileCache()
const spec = JSON.parse(process.env[taskProcessVariable] ?? '') as TaskProcessSpec
delete process.env[taskProcessVariable]
process.title = `saola: ${spec.tree} ${spec.name}`
// Whoever uses saola/store finds the tree's by this. Only this process asks the supervisor for it.
process.env.SAOLA_STORE_TREE = spec.store
process.env.SAOLA_WORKER_PID = String(process.pid)
const { promise: left, resolve: setLeft } = Promise.withResolvers<void>()
const log = (level: LogLevel, event: string, fields: LogFields) => {
  sendToSupervisor({ type: 'saola.log', level, event, fields })
}
const { promise: entered, resolve: setEntered } = Promise.withResolvers<void>()
let runner: Runner | undefined
let schedules: RunningSchedules | undefined
let keeper: Thread | undefined
let isEnding = false

listen()
try {
  await start()
} catch (error) {
  fail(error)
}

async function start(): Promise<void> {
  const { tasks, others, warnings } = await loadTasks(spec.dir)
  for (const message of warnings) log('warn', 'tasks.warning', { message })
  const queues = queuesOf(spec, tasks.values())
  startHeartbeat(counts, beat => sendToSupervisor({ type: 'saola.beat', beat }))
  // One process is enough to have nothing to do; it is there for the reload that brings tasks.
  if (queues.length === 0) {
    sendToSupervisor({ type: 'saola.idle' })
    return ready()
  }
  const table = new ActiveTable(spec.concurrency)
  runner = new Runner({
    engine: currentSpace().commands,
    tasks,
    queues,
    weights: spec.weights,
    table,
    resultBytesMax: spec.resultBytesMax,
    jobsMax: spec.recycleJobs,
    onWorn: reason => sendToSupervisor({ type: 'saola.recycle', reason }),
    log,
  })
  const own = [...tasks.values()].filter(({ queue }) => queues.includes(queue))
  const infos = own.map(taskInfoOf).filter(info => info !== undefined)
  keeper = startKeeper(runner, { table, queues, tasks: infos })
  void runner.run()
  if (spec.name.endsWith(':0')) void warnOfRedis()
  // New code says which schedules there are: not before it has shown that it works.
  await entered
  // The jobs that are there run, whatever is wrong with a schedule.
  schedules = await startSchedules(others).catch(error => {
    log('error', 'schedules.refused', { error: messageOf(error) })
    return undefined
  })
}

/** Loudly, at each start: a Redis that may lose tasks works well until it does. */
async function warnOfRedis(): Promise<void> {
  try {
    for (const message of await checkRedis(currentSpace().engine)) log('warn', 'tasks.unsafe', { message })
  } catch (error) {
    // What cannot be reached now is said by whoever cannot work without.
    log('debug', 'tasks.unchecked', { error: messageOf(error) })
  }
}

function startSchedules(others: readonly unknown[]): Promise<RunningSchedules> {
  const code = { application: spec.tree, generation: spec.loadedAt, schedules: schedulesAmong(others) }
  return runSchedules(currentSpace(), { ...code, log: createLog({ level: 'debug', write: writeEvent }) })
}

function writeEvent({ level, event, fields }: LogRecord): void {
  log(level, event, fields)
}

function ready(): void {
  sendToSupervisor({ type: 'saola.ready', bootMs: performance.now() })
}

interface Keeping {
  readonly table: ActiveTable
  readonly queues: readonly string[]
  readonly tasks: readonly TaskInfo[]
}

function startKeeper(runner: Runner, { table, queues, tasks }: Keeping): Thread {
  const { slot, pool, leaseMs } = spec
  const watch = watchOptions(watchFd)
  const workerData: KeeperSpec = { table: table.buffer, size: table.size, slot, pool, queues, tasks, leaseMs, watch }
  const file = new URL(import.meta.url.endsWith('.ts') ? './tasks-keeper.ts' : './tasks-keeper.js', import.meta.url)
  const thread = new Thread(file, {
    workerData,
    execArgv: [],
    env: threadEnvironment({ SAOLA_STORE_TREE: spec.store }),
  })
  thread.on('message', (news: KeeperNews | 'wake') => {
    if (news === 'wake') return hearWaking()
    if (news.type === 'entered') {
      runner.enter(news.worker)
      // Not before: a process that starts has jobs that wait for it. The thread keeps its priority.
      if (spec.kind === 'cpu') yieldProcessor()
      ready()
      setEntered()
    } else if (news.type === 'lost') runner.lose(news.worker)
    else if (news.type === 'cancel') runner.cancel(news.ids)
    else setLeft()
  })
  // Nobody holds its session any more, nor its hard limits.
  thread.on('error', error => fail(error))
  return thread
}

function counts() {
  const inFlight = runner?.active.length ?? 0
  return { connections: 0, requests: runner?.begun ?? 0, inFlight, logDropped: 0 }
}

function listen(): void {
  // Its pipe is gone with the supervisor, and the last words must not be what it dies of.
  process.stderr.on('error', () => {})
  process.on('message', message => {
    if (!isSaolaMessage(message) || (message as ToWorker).type !== 'saola.drain') return
    const { reason } = message as Extract<ToWorker, { type: 'saola.drain' }>
    void end(reason === 'quick' ? 0 : spec.drainTimeoutMs)
  })
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void end(spec.drainTimeoutMs))
  process.on('SIGHUP', () => {})
  process.once('disconnect', () => void end(orphanMs))
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, error => void crash(error))
}

/** Gives its jobs so long, gives back what is left, and ends. Asked again, it is as fast as the shorter of the two. */
async function end(drainMs: number): Promise<void> {
  const drained = runner?.drain(drainMs)
  if (isEnding && drainMs > 0) return
  isEnding = true
  await within(leaveMs, Promise.all([schedules?.close()]))
  await drained
  await leave()
  process.exit(0)
}

async function crash(error: unknown): Promise<void> {
  if (!runner || !keeper) return fail(error)
  sendToSupervisor({ type: 'saola.last-words', message: messageOf(error) })
  const job = currentJob()
  await runner.crash(error, job)
  await leave()
  process.exit(1)
}

async function leave(): Promise<void> {
  if (!keeper) return
  keeper.postMessage('leave')
  await within(leaveMs, left)
}

/** It cannot run at all. */
function fail(error: unknown): void {
  // Of a file that cannot be imported, the line that threw is in the cause.
  const origin = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const stack = origin instanceof Error ? (origin.stack ?? '') : ''
  const message: FromWorker = { type: 'saola.boot-failed', message: messageOf(error), stack }
  if (!process.connected) process.exit(1)
  process.send?.(message, undefined, undefined, () => process.exit(1))
}

/**
 * A process in a session of its own is a group for the scheduler, where the kernel has been told to make such groups, and its
 * niceness counts within the group alone: so the group gets one, too.
 */
function yieldProcessor(): void {
  try {
    os.setPriority(cpuNiceness)
    writeFileSync('/proc/self/autogroup', String(cpuNiceness))
  } catch {
    // Not on Linux, or there are no such groups.
  }
}
