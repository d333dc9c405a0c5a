import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openStore, type Store } from '../src/store.ts'
import { spaceOn } from '../src/tasks/task-space.ts'
import { LineLog } from './support/line-log.ts'
import { startRedis } from './support/redis-server.ts'
import { storeFolder } from './support/store-script.ts'
import { root } from './support/tree.ts'
import { markName } from './support/tree-processes.ts'

const processes = 8
const each = 125

// Says that it is there, enqueues each time that it is told to, and says which jobs it was given, and how many of them are its own.
const script = `
import { openStore } from ${JSON.stringify(join(root, 'dist/store.js'))}
import { defineTask, openTasks } from ${JSON.stringify(join(root, 'dist/tasks.js'))}
const store = openStore(JSON.parse(process.argv[1]))
const tasks = openTasks(store)
await tasks.counts()
const pay = defineTask({ id: 'pay', unique: { key: ({ order }) => order }, run: () => {} })
process.stdout.write('there\\n')
process.stdin.on('data', async () => {
  const all = await Promise.all(Array.from({ length: ${each} }, () => tasks.enqueue(pay, { order: '17', by: process.pid })))
  const own = all.filter(({ isNew }) => isNew).length
  process.stdout.write(JSON.stringify({ ids: [...new Set(all.map(({ id }) => id))], own, calls: all.length }) + '\\n')
})`

test('eight processes that enqueue one unique key make one job, and the next one when that is done (embedded)', async t => {
  const { dir } = storeFolder(t)
  await using store = openStore({ dir })
  await enqueueTogether(t, store, { dir })
})

test('eight processes that enqueue one unique key make one job, and the next one when that is done (Redis)', async t => {
  const { url } = await startRedis(t)
  await using store = openStore({ url })
  await enqueueTogether(t, store, { url })
})

async function enqueueTogether(t: TestContext, store: Store, options: object): Promise<void> {
  const { commands } = spaceOn(store)
  const enqueuers = Array.from({ length: processes }, () => startEnqueuer(t, options))
  await Promise.all(enqueuers.map(({ next }) => next()))
  for (const { go } of enqueuers) go()
  const said = (await Promise.all(enqueuers.map(({ next }) => next()))).map(line => JSON.parse(line))
  assert.equal(
    said.reduce((sum, { calls }) => sum + calls, 0),
    processes * each,
  )
  const [id, ...others] = new Set(said.flatMap(({ ids }) => ids))
  assert.deepEqual(others, [])
  assert.equal(
    said.reduce((sum, { own }) => sum + own, 0),
    1,
  )
  const { jobs } = await commands.list({})
  assert.deepEqual(
    jobs.map(job => [job.id, job.state]),
    [[id, 'ready']],
  )
  // It is the key of a job, not of ever.
  const session = { worker: 'w', slot: 's', pid: process.pid, host: 'h', pool: 'io', queues: ['default'] }
  await commands.enter(session, 60_000)
  const [claimed] = (await commands.claim('w', { queues: ['default'], free: 5 }, { timeoutMs: 5_000 })) ?? []
  assert.equal(claimed?.id, id)
  await commands.done('w', [{ id: String(id), token: claimed?.token ?? 0 }])
  const [late = assert.fail()] = enqueuers
  late.go()
  const { ids, own } = JSON.parse(await late.next())
  assert.deepEqual([ids.length, own, ids[0] === id], [1, 1, false])
}

function startEnqueuer(t: TestContext, options: object) {
  const args = ['--input-type=module', '-e', script, JSON.stringify(options)]
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, [markName]: process.env[markName] }
  const child = spawn(process.execPath, args, { env, stdio: ['pipe', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const log = new LineLog()
  log.read(child.stdout)
  child.on('close', () => log.close())
  let read = 0
  return {
    go: () => child.stdin.write('go\n'),
    next: () => log.waitFor('the next line of an enqueuer', line => line, { since: read++ }),
  }
}
