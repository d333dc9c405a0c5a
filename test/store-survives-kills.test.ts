import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../src/store.ts'
import { storeFolder } from './support/store-script.ts'
import { signalProcess } from './support/tree-processes.ts'

const kills = 100

test('the owner is killed a hundred times: callers see no failure, and each write counts once', async t => {
  const folder = storeFolder(t)
  await using store = openStore({ dir: folder.dir })
  await store.counter('n').set(0)
  const count = `
    let isOver = false
    store.counter('over').set(0)
    let done = 0
    const worker = async () => {
      while (store.counter('over').peek() === 0) { await store.counter('n').increment(); done++ }
    }
    await Promise.all(Array.from({ length: 16 }, worker))
    print(String(done))`
  const writers = [folder.start(count), folder.start(count)]
  for (let killed = 0; killed < kills; ) {
    // Each of them has answered, some time or other, and is killed at a moment that nobody knows.
    for (let answers = 1 + Math.floor(Math.random() * 200); answers > 0; answers--) {
      await store.counter('served').increment()
    }
    const owner = folder.ownerId()
    if (owner !== undefined && signalProcess(owner, 'SIGKILL')) killed++
  }
  await store.counter('over').set(1)
  const counted = (await Promise.all(writers.map(({ output }) => output))).map(Number)
  assert.equal(await store.counter('n').get(), (counted[0] ?? 0) + (counted[1] ?? 0))
  assert.ok((counted[0] ?? 0) > 1000, `only ${counted} were counted`)
})

test('writers are killed: what was acknowledged to them is there', async t => {
  const folder = storeFolder(t)
  await using store = openStore({ dir: folder.dir })
  await store.map('log').set('begin', 0)
  for (let round = 0; round < 10; round++) {
    const writer = folder.start(
      `for (let i = 0; ; i++) { await store.map('log').set(arguments_[0] + ':' + i, i); print(String(i)) }`,
      String(round),
    )
    let last = -1
    await new Promise<void>(resolve => {
      writer.child.stdout?.on('data', part => {
        const lines = String(part).trim().split('\n')
        last = Math.max(last, ...lines.map(Number).filter(Number.isFinite))
        if (last < 50) return
        writer.child.kill('SIGKILL')
        resolve()
      })
    })
    const text = await writer.output
    const acknowledged = text.split('\n').slice(0, -1)
    const values = await store.map('log').getMany(acknowledged.map(i => `${round}:${i}`))
    assert.deepEqual(values, acknowledged.map(Number))
  }
})
