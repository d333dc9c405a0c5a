import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SteppedTime } from '../../test/support/stepped-time.ts'
import { Turnstile } from './turnstile.ts'

const live = new AbortController().signal

test('no two begin in the same moment, and only so many are there at once', async () => {
  const time = new SteppedTime()
  const turnstile = new Turnstile({ time, atOnceMax: 2, gapMs: 10 })
  const begun: string[] = []
  const acts = new Map<string, PromiseWithResolvers<void>>()
  const run = (name: string) =>
    turnstile.run(live, () => {
      begun.push(`${name} at ${time.now()}`)
      const act = Promise.withResolvers<void>()
      acts.set(name, act)
      return act.promise.then(() => name)
    })
  const all = ['a', 'b', 'c', 'd'].map(run)
  await time.pass(100)
  assert.deepEqual(begun, ['a at 0', 'b at 10'])
  acts.get('b')?.resolve()
  await time.pass(5)
  acts.get('a')?.resolve()
  await time.pass(100)
  assert.deepEqual(begun.slice(2), ['c at 100', 'd at 110'])
  acts.get('c')?.resolve()
  acts.get('d')?.resolve()
  assert.deepEqual(await Promise.all(all), ['a', 'b', 'c', 'd'])
})

test('who fails gives his place to the next, and who has left is not waited for', async () => {
  const time = new SteppedTime()
  const turnstile = new Turnstile({ time, atOnceMax: 1, gapMs: 10 })
  const failing = turnstile.run(live, () => Promise.reject(new Error('no')))
  const left = new AbortController()
  const gone = turnstile.run(left.signal, () => Promise.resolve('gone'))
  const last = turnstile.run(live, () => Promise.resolve('last'))
  left.abort()
  await assert.rejects(failing, /^Error: no$/)
  await time.pass(10)
  assert.deepEqual(await Promise.all([gone, last]), [undefined, 'last'])
})
