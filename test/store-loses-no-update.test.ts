import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../src/store.ts'
import { storeFolder } from './support/store-script.ts'

const processes = 4
const each = 50_000

test('four processes count to exactly 200,000, however they overlap', async t => {
  const folder = storeFolder(t)
  const count = `
    let begun = 0
    const worker = async () => { while (begun++ < ${each}) await store.counter('n').increment() }
    await Promise.all(Array.from({ length: 32 }, worker))`
  await Promise.all(Array.from({ length: processes }, () => folder.run(count)))
  await using store = openStore({ dir: folder.dir })
  assert.equal(await store.counter('n').get(), processes * each)
})

test('no update of a value is lost', async t => {
  const folder = storeFolder(t)
  const add = `
    const map = store.map('scores')
    for (let i = 0; i < 500; i++) await map.update('shared', old => ({ sum: (old?.sum ?? 0) + 1 }))`
  await Promise.all(Array.from({ length: processes }, () => folder.run(add)))
  await using store = openStore({ dir: folder.dir })
  assert.deepEqual(await store.map('scores').get('shared'), { sum: processes * 500 })
})

test('what one process has written, another one reads at once, without a round trip', async t => {
  const folder = storeFolder(t)
  await using store = openStore({ dir: folder.dir })
  await store.map('centre').set('content', 'Hello CyberDB!')
  assert.equal(
    await folder.run(`await store.map('centre').get('content'); print(store.map('centre').peek('content'))`),
    'Hello CyberDB!',
  )
  await folder.run(`await store.map('centre').set('content', 'from there')`)
  assert.equal(store.map('centre').peek('content'), 'from there')
})
