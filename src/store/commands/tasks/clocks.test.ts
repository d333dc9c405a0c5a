/** Leases when the clock on the wall is set, and over which connections a session is held. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { DiskRoom } from '../../database/full-disk.ts'
import { jobsOf, openStage, session } from './task-stage.ts'

const hourMs = 3_600_000
const leaseMs = 15_000

for (const [way, jumpMs] of [
  ['forward', hourMs],
  ['back', -hourMs],
] as const) {
  test(`a clock that is set ${way} by an hour lets nobody live longer or shorter`, async t => {
    const { owner, connect, submit, pass, time } = openStage(t)
    const client = connect()
    await submit(client, 'enter', 'w', 's', leaseMs, session)
    await submit(client, 'enqueue', jobsOf(['a']))
    await submit(client, 'claim', 'w', '["q"]', 1, 0, 'r')
    const state = async () => JSON.parse(await submit(client, 'get', 'a')).state
    const leftMs = async () => JSON.parse(await submit(client, 'workers'))[0].leaseUntil - time.wall
    owner.moveClock(() => {
      time.wall += jumpMs
    })
    assert.deepEqual([await state(), await leftMs()], ['active', leaseMs])
    pass(leaseMs - 100)
    assert.deepEqual([await state(), await leftMs()], ['active', 100])
    pass(200)
    assert.equal(await state(), 'ready')
    assert.equal(await submit(client, 'workers'), '[]')
  })
}

test('a claim over a second connection of the process says nothing about its session', async t => {
  const { owner, connect, submit, pass } = openStage(t)
  const [keeper, main] = [connect(), connect()]
  await submit(keeper, 'enter', 'w', 's', leaseMs, session)
  await submit(keeper, 'enqueue', jobsOf(['a', 'b', 'c', 'd']))
  const orders = () => submit(keeper, 'orders', 'w', leaseMs, 1, 'o')
  const claim = async (request: string) => JSON.parse(await submit(main, 'claim', 'w', '["q"]', 1, 0, request))
  assert.equal((await claim('1'))[0].id, 'a')
  await submit(keeper, 'cancel', 'a')
  assert.equal(await orders(), '{"cancel":["a"]}')
  assert.equal((await claim('2'))[0].id, 'b')
  // Told once, as the connection that has told it is still there.
  const again = orders()
  pass(2)
  assert.equal(await again, '{"cancel":[]}')
  pass(leaseMs - 1_000)
  assert.equal((await claim('3'))[0].id, 'c')
  // The connection of the claims may end, and come back: its process lives as long as it holds on to its session.
  owner.leave(main)
  pass(1)
  assert.equal(JSON.parse(await submit(keeper, 'workers')).length, 1)
  const other = connect()
  assert.equal(JSON.parse(await submit(other, 'claim', 'w', '["q"]', 1, 0, '3'))[0].id, 'c')
  pass(1_000)
  assert.equal(await submit(keeper, 'workers'), '[]', 'no claim has renewed the lease')
})

test('the end of the connection that holds the session ends it, whatever else is connected', async t => {
  const { owner, connect, submit, pass } = openStage(t)
  const [keeper, main] = [connect(), connect()]
  await submit(keeper, 'enter', 'w', 's', leaseMs, session)
  await submit(keeper, 'enqueue', jobsOf(['a', 'b']))
  await submit(main, 'claim', 'w', '["q"]', 1, 0, 'r')
  owner.leave(keeper)
  pass(1)
  assert.equal(await submit(main, 'workers'), '[]')
  assert.equal(JSON.parse(await submit(main, 'get', 'a')).state, 'ready')
})

test('a claim that is sent again in a turn that is rolled back gets the same jobs all the same', async t => {
  let isFull = false
  const check = () => {
    if (isFull) {
      isFull = false
      throw new Error('no room')
    }
  }
  const room = { check, note: () => {}, free: () => false } as unknown as DiskRoom
  const { connect, submit } = openStage(t, { room })
  const [first, second] = [connect(), connect()]
  await submit(first, 'enter', 'w', 's', leaseMs, session)
  await submit(first, 'enqueue', jobsOf(['a', 'b']))
  const claimed = await submit(first, 'claim', 'w', '["q"]', 1, 0, 'r')
  isFull = true
  const [again] = await Promise.all([
    submit(second, 'claim', 'w', '["q"]', 1, 0, 'r'),
    submit(second, 'enqueue', jobsOf(['c'])),
  ])
  assert.equal(isFull, false)
  assert.equal(JSON.parse(String(again))[0].id, JSON.parse(claimed)[0].id)
})
