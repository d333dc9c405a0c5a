/** Tasks of a store that was opened: of one in memory, and of one in a folder with its own process. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { engineOf } from '../store/engine-of.ts'
import { openStore } from '../store/open-store.ts'
import { createTestStore } from '../store/test-store.ts'
import { defineTask } from './define-task.ts'
import { TaskEngine } from './engine/task-engine.ts'
import { taskInfoOf } from './task-info.ts'
import { openTasks } from './tasks.ts'

const charge = defineTask({
  id: 'charge',
  queue: 'money',
  retry: { attempts: 2 },
  concurrency: { limit: 1, key: (order: { user: string }) => order.user },
  rateLimit: { limit: 5, per: '1s' },
  unique: {},
  run: ({ user }: { user: string }) => user,
})

/** As a process that runs the task. */
async function enter(commands: TaskEngine, worker = 'w'): Promise<void> {
  const info = taskInfoOf(charge) ?? assert.fail()
  await commands.enter(
    { worker, slot: worker, pid: 1, host: 'h', pool: 'io', queues: ['money'], tasks: [info] },
    60_000,
  )
}

test('a task is enqueued by its name with the rules that a process has told of', async t => {
  const { store } = createTestStore()
  t.after(() => store.close())
  const commands = new TaskEngine(engineOf(store))
  await enter(commands)
  const tasks = openTasks(store)
  const handle = await tasks.enqueue<typeof charge>('charge', { user: 'ann' }, { keys: { concurrency: 'ann' } })
  const again = await tasks.enqueue(charge, { user: 'ann' })
  assert.deepEqual([again.id, again.isNew], [handle.id, false])
  const [job] = (await commands.claim('w', { queues: ['money'], free: 1 }, { timeoutMs: 1_000 })) ?? []
  assert.deepEqual([job?.id, job?.attempts, job?.limitKey], [handle.id, 2, 'charge:ann'])
  const keyless = tasks.enqueue('charge', { user: 'bob' })
  await assert.rejects(keyless, {
    code: 'TASK_ARGUMENT_INVALID',
    message: /concurrency\.key of task "charge" is made by/,
  })
})

test('a name that nobody tells of is waited for, and refused then', async t => {
  const { store, clock } = createTestStore()
  t.after(() => store.close())
  const tasks = openTasks(store)
  const early = tasks.enqueue<typeof charge>('charge', { user: 'ann' }, { keys: { concurrency: 'x' } })
  await enter(new TaskEngine(engineOf(store)))
  assert.equal((await early).isNew, true)
  const refused = assert.rejects(tasks.enqueue('chrage', 1), { code: 'TASK_UNKNOWN', message: /did you mean "charge"/ })
  await store.counter('a turn of the loop').get()
  clock.advance('6s')
  await refused
})

/** The folder goes when the store's process has ended, which it does soon after the last connection. */
function openFolder(t: TestContext) {
  const dir = mkdtempSync(join(tmpdir(), 'saola-tasks-'))
  const store = openStore({ dir })
  t.after(async () => {
    const { pid } = await store.info()
    await store.close()
    process.kill(Number(pid))
    while (isAlive(Number(pid))) await new Promise(resolve => setTimeout(resolve, 5))
    rmSync(dir, { recursive: true, force: true })
  })
  return store
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('in a folder, too, a transaction writes its data and its jobs, or neither', async t => {
  const store = openFolder(t)
  const tasks = openTasks(store)
  const failing = store.transaction(async tx => {
    tx.map('orders').set('a', 1)
    await tasks.enqueue(charge, { user: 'ann' }, { transaction: tx })
    throw new Error('changed my mind')
  })
  await assert.rejects(failing, { message: 'changed my mind' })
  assert.deepEqual([await store.map('orders').size(), (await tasks.list()).jobs], [0, []])
  const handle = await store.transaction(async tx => {
    tx.map('orders').set('b', 2)
    return tasks.enqueue(charge, { user: 'bob' }, { transaction: tx })
  })
  assert.deepEqual([await store.map('orders').get('b'), (await handle.status()).state], [2, 'ready'])
  const again = await store.transaction(tx => tasks.enqueue(charge, { user: 'bob' }, { transaction: tx }))
  assert.deepEqual([again.id, again.isNew], [handle.id, false])
  const result = handle.result({ timeout: '10s' })
  const commands = new TaskEngine(engineOf(store))
  await enter(commands)
  const [job] = (await commands.claim('w', { queues: ['money'], free: 1 }, { timeoutMs: 5_000 })) ?? []
  await commands.done('w', [{ id: handle.id, token: job?.token ?? 0, result: '"paid"' }])
  assert.equal(await result, 'paid')
})
