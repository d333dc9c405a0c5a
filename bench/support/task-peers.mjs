// What Saola's tasks are measured beside: BullMQ from bench/package.json, Celery and redis-server from Debian.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { ensureSystemPackages } from '../../scripts/system-packages.mjs'
import { benchRoot } from './candidates.mjs'
import { freePort, run, start } from './processes.mjs'

export const requireFromBench = createRequire(join(benchRoot, 'package.json'))

export async function installTaskPeers() {
  ensureSystemPackages(['bench/tasks/run.mjs'])
  if (existsSync(join(benchRoot, 'node_modules', 'bullmq'))) return
  console.log('Installing BullMQ into bench/ (once) …')
  await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--ignore-scripts'], { cwd: benchRoot })
}

/** A folder that goes with this process. */
export function temporaryFolder() {
  const dir = mkdtempSync(join(tmpdir(), 'saola-bench-tasks-'))
  process.on('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }))
  return dir
}

/** A redis-server that keeps nothing on the disk. */
export async function startRedis() {
  const dir = temporaryFolder()
  const port = await freePort()
  const socket = join(dir, 'redis.sock')
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socket, '--dir', dir]
  const running = start('redis-server', [
    ...place,
    '--save',
    '',
    '--appendonly',
    'no',
    '--maxmemory-policy',
    'noeviction',
  ])
  const Redis = requireFromBench('ioredis')
  const client = new Redis(port, '127.0.0.1', { retryStrategy: () => 20, maxRetriesPerRequest: null })
  client.on('error', () => {})
  await client.ping()
  return {
    port,
    socket,
    pid: running.pid,
    client,
    async stop() {
      client.disconnect()
      await running.stop()
    },
  }
}

/** BullMQ by the socket of that server. Its defaults, so also that finished jobs are kept, as Saola keeps them. */
export function openBullmq(redis, { viaTcp = false } = {}) {
  const { Queue } = requireFromBench('bullmq')
  const connection = viaTcp ? { host: '127.0.0.1', port: redis.port } : { path: redis.socket }
  const queue = new Queue('bench', { connection })
  return {
    name: 'BullMQ',
    pids: [redis.pid],
    add: data => queue.add('job', data),
    addMany: all => queue.addBulk(all.map(data => ({ name: 'job', data }))),
    clear: () => redis.client.flushall(),
    startWorker: ({ concurrency }) => startWorker('task-worker-bullmq.mjs', { connection, concurrency }),
    close: () => queue.close(),
  }
}

/** A process that runs jobs: it is connected when this resolves, and begins when it is asked for something. */
export async function startWorker(script, settings) {
  const running = start(process.execPath, [join(import.meta.dirname, script), JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  return await followWorker(running)
}

/** The same of a process that was started otherwise, and calls `serve` of task-handler.mjs. */
export async function followWorker(running) {
  const { child } = running
  const heard = new Map()
  child.on('message', ({ kind, value }) => {
    const waiting = heard.get(kind) ?? Promise.withResolvers()
    heard.set(kind, waiting)
    waiting.resolve(value)
  })
  /** The next message of this kind that nobody has taken yet. */
  const next = async kind => {
    const waiting = heard.get(kind) ?? Promise.withResolvers()
    heard.set(kind, waiting)
    const value = await waiting.promise
    heard.delete(kind)
    return value
  }
  await next('ready')
  const ask = (kind, value) => child.send({ kind, value })
  return {
    pid: running.pid,
    next,
    /** Resolves when so many are completed since it began; runs on. */
    async untilCompleted(jobs) {
      ask('run', jobs)
      await next('completed')
    },
    /** Runs on, whatever comes. */
    run: () => ask('run', Number.POSITIVE_INFINITY),
    /** Milliseconds from call to start of the jobs so far, and forgets them. */
    async latencies() {
      ask('latencies')
      return await next('latencies')
    },
    kill: () => process.kill(running.pid, 'SIGKILL'),
    stop: () => running.stop('SIGKILL'),
  }
}

/** Celery, which is measured as it does it best: results ignored, and both halves in processes of their own. */
export function openCelery(redis) {
  const place = {
    cwd: import.meta.dirname,
    env: { ...process.env, BROKER: `redis+socket://${redis.socket}`, ...quiet },
  }
  return {
    name: 'Celery',
    pids: [redis.pid],
    /** Enqueues so many in a process of its own, one after the other: there is no other way. */
    async produce(jobs) {
      const output = await run('/usr/bin/python3', ['celery_tasks.py', String(jobs)], place)
      return JSON.parse(output.trim().split('\n').at(-1))
    },
    startWorker() {
      const worker = ['worker', '--pool', 'prefork', '-c', '2', '-l', 'ERROR']
      // Not its own command: that looks for the Python that is first in PATH.
      return start('/usr/bin/python3', ['-m', 'celery', '-A', 'celery_tasks', ...worker], place)
    },
    /** How many wait or are under way. */
    async left() {
      const [waiting, active] = await Promise.all([redis.client.llen('celery'), redis.client.hlen('unacked')])
      return waiting + active
    },
    async untilLeft(most) {
      for (;;) {
        const left = await this.left()
        if (left <= most) return left
        await pause(5)
      }
    },
    clear: () => redis.client.flushall(),
  }
}

const quiet = {
  C_FORCE_ROOT: '1',
  PYTHONDONTWRITEBYTECODE: '1',
  PATH: `${dirname(process.execPath)}:${process.env.PATH}`,
}
