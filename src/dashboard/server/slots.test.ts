import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slots } from './slots.ts'

const full = { status: 503, message: 'All are taken.' }

test('a slot is taken by one at a time, and given back once', () => {
  const slots = new Slots(1, 'All are taken.')
  const release = slots.take()
  assert.throws(() => slots.take(), full)
  release()
  release()
  slots.take()
  assert.throws(() => slots.take(), full)
})

test('a slot is given back also by work that fails', async () => {
  const slots = new Slots(1, 'All are taken.')
  await assert.rejects(
    slots.during(() => Promise.reject(new Error('no'))),
    /no/,
  )
  const done = slots.during(async () => 'done')
  await assert.rejects(
    slots.during(async () => 'never'),
    full,
  )
  assert.equal(await done, 'done')
})
