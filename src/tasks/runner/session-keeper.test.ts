import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { FakeEngine } from '../../../test/support/fake-task-engine.ts'
import { ActiveTable } from './active-table.ts'
import { type KeeperNews, SessionKeeper } from './session-keeper.ts'

function stage(t: TestContext, { failures = 0 } = {}) {
  const engine = new FakeEngine()
  engine.failures = failures
  const table = new ActiveTable(4)
  const news: KeeperNews[] = []
  const lines: string[] = []
  const time = { now: 1_000 }
  const kills: string[] = []
  const keeper = new SessionKeeper({
    engine,
    table,
    session: { slot: 'h/t/tasks:io:0', pid: 7, host: 'h', pool: 'io', queues: ['default'] },
    leaseMs: 15_000,
    tell: one => news.push(one),
    log: (event, fields) => lines.push(`${event} ${fields.id ?? ''}`.trim()),
    kill: () => kills.push([...engine.ends].map(end => end.join(' ')).join(', ')),
    now: () => time.now,
  })
  const run = keeper.run()
  t.after(async () => {
    await keeper.leave()
    await run
  })
  return { engine, table, news, lines, time, kills, keeper }
}

const entry = { token: 1, attempt: 1, started: 1_000, deadline: 2_000, retryMs: 250 }

/** As the store knows it, too. */
async function begin({ engine, table }: ReturnType<typeof stage>, id: string, place: number, own = {}): Promise<void> {
  engine.add({ id })
  const [job] = await engine.claim('w', { queues: [], free: 1 }, { timeoutMs: 0 })
  table.set(place, { ...entry, id, token: job?.token ?? 0, ...own })
}

test('a session that is over is followed by another of a new name', async t => {
  const { engine, news } = stage(t)
  await engine.order({ cancel: ['a'] })
  await engine.order(undefined)
  await engine.until(() => engine.sessions.length === 2)
  const [first, second] = engine.sessions.map(({ worker }) => worker)
  assert.notEqual(first, second)
  assert.deepEqual(news, [
    { type: 'entered', worker: first },
    { type: 'cancel', ids: ['a'] },
    { type: 'lost', worker: first },
  ])
})

test('a store that is not there yet is waited for', async t => {
  const { engine, lines } = stage(t, { failures: 2 })
  await engine.until(() => engine.sessions.length === 1)
  assert.deepEqual(lines, ['tasks.waiting'])
})

test('a job over its hard limit has failed, the others are given back, and then the process is killed', async t => {
  const all = stage(t)
  const { engine, time, kills, keeper, lines } = all
  await engine.until(() => engine.sessions.length === 1)
  await begin(all, 'a', 0)
  await begin(all, 'b', 1, { deadline: Number.POSITIVE_INFINITY, retryMs: null })
  await keeper.checkLimits()
  assert.deepEqual(kills, [])
  time.now = 2_000
  await keeper.checkLimits()
  assert.deepEqual(kills, ['a failed TASK_HARD_LIMIT 250, b returned'])
  assert.match(engine.errors.get('a')?.message ?? '', /1000 ms, longer than its hard limit of 1000 ms/)
  assert.deepEqual(lines, ['task.killed a'])
})

test('a job that ends while it is about to be killed kills nobody', async t => {
  const all = stage(t)
  const { engine, time, kills, keeper, table } = all
  await engine.until(() => engine.sessions.length === 1)
  await begin(all, 'a', 0)
  time.now = 3_000
  const check = keeper.checkLimits()
  table.clear(0)
  await check
  assert.deepEqual(kills, [])
})

test('who leaves ends the session', async t => {
  const { engine, keeper, news } = stage(t)
  await engine.until(() => engine.sessions.length === 1)
  await keeper.leave()
  assert.deepEqual(engine.calls, [`leave ${engine.sessions[0]?.worker}`])
  assert.equal(news.at(-1)?.type, 'left')
})
