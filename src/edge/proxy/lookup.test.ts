import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLookup } from './lookup.ts'

const one = [{ address: '10.0.0.1', family: 4 }]
const two = [{ address: '10.0.0.2', family: 4 }]

test('a name is asked for once, refreshed in the background, and kept while DNS fails', async () => {
  let now = 0
  let asked = 0
  let answer: () => Promise<typeof one> = async () => one
  const lookup = createLookup({ now: () => now }, () => {
    asked++
    return answer()
  })
  const ask = () =>
    new Promise((resolve, reject) => {
      lookup('app.internal', { all: true }, (error, found) => (error ? reject(error) : resolve(found)))
    })
  assert.deepEqual(await Promise.all([ask(), ask()]), [one, one])
  assert.equal(asked, 1)
  now = 30_000
  answer = async () => two
  assert.deepEqual(await ask(), one)
  assert.deepEqual(await ask(), two)
  now = 60_000
  answer = () => Promise.reject(new Error('no DNS'))
  assert.deepEqual(await ask(), two)
  assert.deepEqual(await ask(), two)
  assert.equal(asked, 4)
})

test('a name that cannot be resolved the first time is an error, and asked for again', async () => {
  let asked = 0
  const lookup = createLookup({ now: () => 0 }, async () => {
    if (++asked === 1) throw new Error('no DNS')
    return one
  })
  const ask = () =>
    new Promise((resolve, reject) => {
      lookup('app.internal', { family: 4 }, (error, address) => (error ? reject(error) : resolve(address)))
    })
  await assert.rejects(ask(), /no DNS/)
  assert.equal(await ask(), '10.0.0.1')
})
