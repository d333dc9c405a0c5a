/** What one command may read, look at and keep, however large or many the jobs are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idsOf, jobsOf, openStage, session } from './task-stage.ts'

const hourMs = 3_600_000

test('what becomes of jobs is decided without reading their payloads', async t => {
  const { connect, submit, pass, reads } = openStage(t)
  const client = connect()
  const own = { payload: JSON.stringify('x'.repeat(64 * 1024)), delayMs: 1_000, expiresMs: 10_000 }
  await submit(client, 'enqueue', jobsOf(idsOf(100), own))
  await submit(client, 'enter', 'w', 's', hourMs, session)
  const read = async (work: () => unknown) => {
    const before = reads.letters
    await work()
    return reads.letters - before
  }
  const counts = async () => JSON.parse(await submit(client, 'counts'))
  const filter = (states: readonly string[], limit = 1_000) => JSON.stringify({ states, limit })
  const letters: Record<string, number> = {}
  letters.promote = await read(() => pass(1_000))
  assert.equal((await counts()).ready, 100)
  assert.equal(JSON.parse(await submit(client, 'claim', 'w', '["q"]', 20, 0, 'r')).length, 20)
  letters.interrupt = await read(() => submit(client, 'leave', 'w'))
  letters.expire = await read(() => pass(9_000))
  assert.deepEqual([(await counts()).ready, (await counts()).cancelled], [20, 80])
  letters.retry = await read(() => submit(client, 'retry', filter(['cancelled'], 40)))
  letters.remove = await read(() => submit(client, 'remove', filter(['ready'])))
  letters.forget = await read(() => pass(60_000))
  assert.deepEqual(Object.values(await counts()), [0, 0, 0, 0, 0, 0, 0, 0])
  for (const [name, count] of Object.entries(letters)) assert.ok(count < 64 * 1024, `${name} has read ${count} letters`)
})

test('a claim reads no more than one job beyond what it answers', async t => {
  const { connect, submit, reads } = openStage(t)
  const client = connect()
  const ids = idsOf(30)
  await submit(client, 'enqueue', jobsOf(ids, { payload: JSON.stringify('x'.repeat(512 * 1024)) }))
  await submit(client, 'enter', 'w', 's', hourMs, session)
  const claimed: string[] = []
  while (claimed.length < ids.length) {
    const before = reads.letters
    const jobs = JSON.parse(await submit(client, 'claim', 'w', '["q"]', 1_000, 0, `r${claimed.length}`))
    claimed.push(...jobs.map(({ id }: { id: string }) => id))
    assert.ok(reads.letters - before < 8.6 * 1024 ** 2, `${reads.letters - before} letters`)
  }
  assert.deepEqual(claimed, ids)
})

test('one command looks at so many jobs that a filter does not mean, and says where to go on', async t => {
  const { connect, submit } = openStage(t)
  const client = connect()
  for (const [delayMs, prefix] of [
    [0, 'r'],
    [hourMs, 's'],
  ] as const) {
    await submit(client, 'enqueue', jobsOf([`${prefix}first`], { task: 'other', delayMs }))
    await submit(client, 'enqueue', jobsOf(idsOf(10_000, prefix), { delayMs }))
    await submit(client, 'enqueue', jobsOf(idsOf(1_000, `${prefix}0`), { delayMs }))
  }
  const answers = async (command: string, filter: object) => {
    const found: number[] = []
    for (let cursor: string | undefined; found.length === 0 || cursor !== undefined; ) {
      const answer = JSON.parse(await submit(client, command, JSON.stringify({ ...filter, cursor })))
      found.push(answer.count ?? answer.jobs.length)
      cursor = answer.cursor
    }
    return found
  }
  // Of all jobs, or of those of a state that has an index.
  assert.deepEqual(await answers('list', { states: ['ready', 'done'], task: 'other' }), [0, 0, 1])
  assert.deepEqual(await answers('list', { states: ['scheduled', 'dead'], task: 'other' }), [0, 1])
  assert.deepEqual(await answers('retry', { states: ['scheduled'], queue: 'nobody' }), [0, 0])
  assert.deepEqual(await answers('remove', { states: ['scheduled'], task: 'other' }), [0, 1])
  assert.deepEqual(await answers('remove', { states: ['ready'], task: 'other' }), [0, 0, 1])
})

test('however states are named, few statements are kept', async t => {
  const { connect, submit, reads } = openStage(t)
  const client = connect()
  const states = ['scheduled', 'ready', 'blocked', 'waiting', 'active', 'done', 'dead', 'cancelled']
  const list = (named: readonly string[]) => submit(client, 'list', JSON.stringify({ states: named }))
  for (const state of states) await list([state])
  await list(states)
  const before = reads.prepared
  for (let bits = 1; bits < 256; bits++) {
    const named = states.filter((_, i) => bits & (1 << i))
    await list(named)
    await list(named.toReversed())
  }
  // Those of the sweeper may be among them.
  assert.ok(reads.prepared - before < 10, `${reads.prepared - before} statements`)
})

test('a queue without a job leaves nothing behind', async t => {
  const { connect, submit, database } = openStage(t)
  const client = connect()
  for (const user of idsOf(20, 'u')) await submit(client, 'enqueue', jobsOf([user], { queue: user }))
  assert.equal(JSON.parse(await submit(client, 'queues')).length, 20)
  await submit(client, 'remove', '{"states":["ready"]}')
  assert.deepEqual(database.prepare('SELECT * FROM task_counts').all(), [])
  assert.deepEqual(JSON.parse(await submit(client, 'queues')), [])
})

test('so many schedules, sessions and paused queues there are, and no more', async t => {
  const { connect, submit, database } = openStage(t)
  const client = connect()
  const numbers = 'WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)'
  const columns = { task_schedules: "n, '', '{}', 0, NULL, NULL", task_queues: 'n', task_workers: "n, n, '{}', 0, 0" }
  await submit(client, 'pause', 'q', 0)
  for (const [table, values] of Object.entries(columns)) {
    database.exec(`INSERT INTO ${table} ${numbers} SELECT ${values} FROM numbers`)
  }
  const [template] = JSON.parse(jobsOf(['a']))
  const { id, ...job } = template
  const schedule = (name: string, payload = '{}') =>
    submit(client, 'schedule', name, JSON.stringify({ name, spec: '', job: { ...job, payload }, next: 1 }))
  assert.match(await schedule('more'), /^STORE_TOO_MANY_KEYS there are 10000 schedules/)
  assert.equal(await schedule('7'), '"changed"')
  assert.match(await submit(client, 'pause', 'more', 1), /^STORE_TOO_MANY_KEYS there are 10000 paused queues/)
  assert.doesNotMatch(await submit(client, 'pause', '7', 1), /STORE_/)
  assert.match(
    await submit(client, 'enter', 'w', 's', 1_000, session),
    /^STORE_TOO_MANY_KEYS there are 10000 processes/,
  )
  database.exec('DELETE FROM task_schedules')
  database.exec("INSERT INTO task_schedules VALUES ('large', hex(zeroblob(16600000)), '{}', 1, NULL, NULL)")
  const large = JSON.stringify('x'.repeat(200_000))
  assert.equal(await schedule('one', large), '"new"')
  assert.match(await schedule('one more', large), /^STORE_VALUE_TOO_LARGE all schedules together/)
})
