import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobsOf, openStage, session } from './task-stage.ts'

test('FLUSHDB of database 0 and FLUSHALL remove all tasks, and tell workers; of another database none', async t => {
  const { connect, run, submit, database } = openStage(t)
  for (const words of [['flushdb'], ['flushall']] as const) {
    const [client, other] = [connect(), connect()]
    await submit(client, 'enter', 'w', 's', 60_000, session)
    await submit(client, 'enqueue', jobsOf(['a', 'b'], { unique: { key: words[0], on: 'skip' } }))
    await submit(client, 'pause', 'p', 1)
    await submit(client, 'claim', 'w', '["q"]', 1, 0, 'r')
    other.database = 1
    await run(other, 'flushdb')
    assert.equal(JSON.parse(await submit(client, 'counts')).active, 1)
    const orders = submit(client, 'orders', 'w', 60_000, 0, 'o')
    await run(client, ...words)
    assert.equal(await orders, 'null', 'its session is over')
    for (const table of [
      'jobs',
      'counts',
      'queues',
      'uniques',
      'rates',
      'gathers',
      'results',
      'schedules',
      'workers',
    ]) {
      assert.deepEqual(database.prepare(`SELECT * FROM task_${table}`).all(), [], table)
    }
    assert.equal(JSON.parse(await submit(client, 'enqueue', jobsOf(['a'])))[0].isNew, true)
    await run(client, 'flushall')
  }
})
