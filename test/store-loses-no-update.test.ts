import assert from 'node:assert/strict'
import { test } from 'node:test'
import { storeFolder } from './support/store-script.ts'

const processes = 4
const each = 15_000
const updates = 300

test(`four processes count to exactly ${processes * each}, and lose no update of a value, however they overlap`, async t => {
  const folder = storeFolder(t)
  // They begin together: one that is through before the next has started overlaps with nobody.
  const together = (name: string) => `
    await store.counter('${name}').increment()
    while (await store.counter('${name}').get() < ${processes}) await new Promise(resolve => setTimeout(resolve, 5))`
  const work = `
    ${together('here')}
    let begun = 0
    const worker = async () => { while (begun++ < ${each}) await store.counter('n').increment() }
    await Promise.all(Array.from({ length: 32 }, worker))
    ${together('there')}
    const map = store.map('scores')
    for (let i = 0; i < ${updates}; i++) await map.update('shared', old => ({ sum: (old?.sum ?? 0) + 1 }))`
  await Promise.all(Array.from({ length: processes }, () => folder.run(work)))
  await using store = folder.open()
  assert.equal(await store.counter('n').get(), processes * each)
  assert.deepEqual(await store.map('scores').get('shared'), { sum: processes * updates })
})

test('what one process has written, another one reads at once, without a round trip', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.map('centre').set('content', 'Hello CyberDB!')
  assert.equal(
    await folder.run(`await store.map('centre').get('content'); print(store.map('centre').peek('content'))`),
    'Hello CyberDB!',
  )
  await folder.run(`await store.map('centre').set('content', 'from there')`)
  assert.equal(store.map('centre').peek('content'), 'from there')
})
