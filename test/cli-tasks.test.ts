import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEngine } from '../src/store/open-store.ts'
import type { TaskInfo } from '../src/tasks/engine/job.ts'
import { TaskEngine } from '../src/tasks/engine/task-engine.ts'
import { newJobId } from '../src/tasks/job-id.ts'
import { root, startTree, type Tree } from './support/tree.ts'

/** This process is the one that runs tasks: so each job is in the state that a case is about. */
const worker = 'test-worker'
const queues = ['mail', 'reports']
const defaults = {
  priority: 5,
  attempts: 2,
  interruptionsMax: 3,
  softMs: 0,
  hardMs: 0,
  resultMs: 60_000,
  failureMs: 60_000,
}
const tasks: readonly TaskInfo[] = [
  { id: 'email.send', queue: 'mail', defaults },
  { id: 'report', queue: 'reports', defaults },
]

// Of one tree are all cases, one after the other; its jobs are of the queue that a case names.
test('saola tasks', async t => {
  const tree = await startTree(t, {
    files: { 'app.mjs': `export default { fetch: () => new Response('hi') }` },
    config: { name: 'shop', store: {}, apps: { web: { app: './app.mjs', listen: 'unix:./web.sock' } } },
  })
  const engine = openEngine({ dir: `${tree.dir}/.saola/shop/store` })
  t.after(() => engine.close())
  const stage = { tree, engine: new TaskEngine(engine) }

  await t.test('without a process that runs tasks, no name is known', async () => {
    const { code, stderr } = await tree.cli('tasks', 'run', 'email.send', '{}')
    assert.equal(code, 1)
    assert.match(stderr, /^saola: No process runs tasks now, .* {3}\[ERR_TASK_UNKNOWN\]\n$/)
  })
  const session = { worker, slot: 'test', pid: process.pid, host: 'here', pool: 'io', queues, tasks }
  await stage.engine.enter(session, 600_000)
  for (const [name, check] of Object.entries(cases)) await t.test(name, () => check(stage))

  await t.test('the jobs can be looked at also when the tree has ended', async () => {
    await stage.engine.leave(worker)
    // Else it would start an owner of the store of its own.
    await engine.close()
    await tree.stop()
    const { counts } = JSON.parse((await tree.cli('tasks', 'stats', '--json')).stdout)
    assert.ok(counts.scheduled >= 1)
    const { stdout } = await tree.cli('tasks', 'workers', '--dir', '.saola/shop/store')
    assert.equal(stdout, 'No process runs tasks now.\n')
  })
})

interface Stage {
  readonly tree: Tree
  readonly engine: TaskEngine
}

const cases: Readonly<Record<string, (stage: Stage) => Promise<void>>> = {
  'run prints the id, --wait the result alone': async ({ tree, engine }) => {
    const [id, given] = [lineOf(await tree.cli('tasks', 'run', 'email.send', '{"to":"ann"}', '--delay', '1h')), 'ann']
    const scheduled = JSON.parse((await tree.cli('tasks', 'show', id, '--json')).stdout)
    assert.deepEqual([scheduled.state, scheduled.payload.to, scheduled.attempts], ['scheduled', given, 2])
    const waiting = tree.cli('tasks', 'run', 'report', '[1]', '--wait')
    const job = await take(engine, 'reports')
    await engine.done(worker, [{ ...job, result: '{"pages":3}' }])
    assert.deepEqual(await waiting, { code: 0, signal: null, stdout: '{"pages":3}\n', stderr: `${job.id}\n` })
  },

  'a job that fails ends run --wait with its error and 1': async ({ tree, engine }) => {
    const waiting = tree.cli('tasks', 'run', 'report', '--wait')
    const job = await take(engine, 'reports')
    await engine.fail(worker, [{ ...job, error: { name: 'TypeError', message: 'no\x1b[2J' }, retryMs: null }])
    const { code, stdout, stderr } = await waiting
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(
      stderr,
      /\nsaola: report is dead: TypeError: no\\u001b\[2J\. See "saola tasks show .*\[ERR_TASK_FAILED\]\n$/,
    )
    const dead = (await tree.cli('tasks', 'dead', '--task', 'report')).stdout
    assert.match(dead, new RegExp(`^ID .* REASON\n${job.id} +report +reports .* TypeError: no\\\\u001b\\[2J\n$`))
  },

  'a wrong name or input enqueues nothing': async ({ tree, engine }) => {
    const counts = await engine.counts()
    const wrong = await tree.cli('tasks', 'run', 'reprot', '{}')
    assert.deepEqual([wrong.code, wrong.stdout], [1, ''])
    assert.match(wrong.stderr, /did you mean report\? {3}\[ERR_TASK_UNKNOWN\]\n$/)
    const noJson = await tree.cli('tasks', 'run', 'report', '{to:1}')
    assert.equal(noJson.code, 2)
    assert.match(noJson.stderr, /The input is not JSON: .*\[ERR_USAGE\]\n$/)
    assert.deepEqual(await engine.counts(), counts)
  },

  'Ctrl-C ends the waiting, and not the job': async ({ tree, engine }) => {
    const child = spawn(process.execPath, [join(root, 'dist/bin.js'), 'tasks', 'run', 'report', '--wait'], {
      cwd: tree.dir,
    })
    try {
      const job = await take(engine, 'reports')
      await once(child.stderr, 'data')
      child.kill('SIGINT')
      assert.deepEqual(await once(child, 'close'), [130, null])
      assert.equal((await engine.get(job.id))?.state, 'active')
      assert.deepEqual(await engine.done(worker, [job]), ['ok'])
    } finally {
      child.kill('SIGKILL')
    }
  },

  'retry lets a dead job run again with all attempts, and says what is not dead': async ({ tree, engine }) => {
    const [dead] = (await engine.list({ states: ['dead'] })).jobs
    const id = dead?.id ?? ''
    const { code, stdout, stderr } = await tree.cli('tasks', 'retry', id, 'nothing')
    assert.deepEqual([code, stdout], [1, '1 job ready again.\n'])
    assert.match(stderr, /One job is as before: {3}\[ERR_TASK_NOT_CHANGED\]\n {2}There is no job "nothing"/)
    const job = await take(engine, 'reports')
    assert.deepEqual([job.id, (await engine.get(id))?.attempt], [id, 1])
    await engine.fail(worker, [{ ...job, error: { name: 'Error', message: 'again' }, retryMs: null }])
    assert.deepEqual(JSON.parse((await tree.cli('tasks', 'retry', '--all', '--task', 'report', '--json')).stdout), {
      retried: 1,
      problems: [],
    })
    assert.equal((await engine.get(id))?.state, 'ready')
    assert.equal((await tree.cli('tasks', 'retry')).code, 2)
  },

  'a paused queue begins nothing until it is resumed': async ({ tree, engine }) => {
    assert.equal(lineOf(await tree.cli('tasks', 'pause', 'reports')), 'reports is paused: nothing more of it begins.')
    assert.equal(await engine.claim(worker, { queues: ['reports'], free: 1 }, { timeoutMs: 1 }), undefined)
    assert.match((await tree.cli('tasks', 'stats')).stdout, /^SCHEDULED [\s\S]*\nreports +paused +1 /)
    assert.equal(lineOf(await tree.cli('tasks', 'resume', 'reports')), 'reports is open.')
    await engine.done(worker, [await take(engine, 'reports')])
    const typo = await tree.cli('tasks', 'pause', 'repotrs')
    assert.equal(typo.code, 2)
    assert.match(typo.stderr, /There is no queue "repotrs", did you mean reports\? {3}\[ERR_USAGE\]/)
  },

  'cancel ends what waits, and asks what runs to stop': async ({ tree, engine }) => {
    const [waits, runs] = [await enqueue(engine, 'mail'), await enqueue(engine, 'reports')]
    const job = await take(engine, 'reports')
    assert.equal(job.id, runs)
    const { code, stdout } = await tree.cli('tasks', 'cancel', waits, runs)
    assert.deepEqual([code, stdout], [0, '2 jobs cancelled, 1 of them active and told to stop.\n'])
    assert.deepEqual((await engine.orders(worker, 600_000, { timeoutMs: 60_000 }))?.cancel, [runs])
    await engine.fail(worker, [{ ...job, error: { name: 'AbortError', message: 'cancelled' }, retryMs: null }])
    const again = await tree.cli('tasks', 'cancel', waits, runs)
    assert.match(again.stderr, /2 jobs are as before: .*\n.* has finished already\.\n.* has finished already\.\n$/)
  },

  'list is filtered, and shows control characters as text': async ({ tree, engine }) => {
    await enqueue(engine, 'mail', '"\u202e\u009b2J"')
    const { stdout } = await tree.cli('tasks', 'list', '--queue', 'mail', '--state', 'ready', '--limit', '1')
    assert.match(stdout, /^ID .*\n[0-9A-Z]{26} +email\.send +mail +ready +0\/2 .* "\\u202e\\u009b2J"\n$/)
    const answer = JSON.parse(
      (await tree.cli('tasks', 'list', '--json', '--task', 'email.send', '--state', 'ready')).stdout,
    )
    assert.deepEqual([answer.jobs.length, answer.jobs[0].payload, answer.hasMore], [1, '\u202e\u009b2J', false])
    const wrong = await tree.cli('tasks', 'list', '--state', 'raedy')
    assert.equal(wrong.code, 2)
    assert.match(wrong.stderr, /--state expected one of scheduled, .*, got "raedy"\./)
  },

  'purge removes what is done, and only after a yes': async ({ tree, engine }) => {
    const { done = 0, dead = 0, cancelled = 0 } = await engine.counts()
    assert.ok(done >= 3)
    const asked = await tree.cli('tasks', 'purge')
    assert.equal(asked.code, 2)
    assert.match(asked.stderr, /Nothing was removed\. Without a question: --yes\./)
    assert.equal(lineOf(await tree.cli('tasks', 'purge', '--yes')), `${done} jobs removed.`)
    const left = await engine.counts()
    assert.deepEqual([left.done ?? 0, left.dead ?? 0, left.cancelled ?? 0], [0, dead, cancelled])
  },
}

async function take(engine: TaskEngine, queue: string): Promise<{ id: string; token: number }> {
  const jobs = await engine.claim(worker, { queues: [queue], free: 1 }, { timeoutMs: 60_000 })
  const [job] = jobs ?? assert.fail(`No job of ${queue} came.`)
  return { id: job?.id ?? '', token: job?.token ?? 0 }
}

async function enqueue(engine: TaskEngine, queue: string, payload = '1'): Promise<string> {
  const task = queue === 'mail' ? 'email.send' : 'report'
  const [enqueued] = await engine.enqueue([{ ...defaults, id: newJobId(), task, queue, payload }])
  return enqueued?.id ?? ''
}

function lineOf({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }): string {
  assert.deepEqual([code, stderr], [0, ''])
  return stdout.trimEnd()
}
