import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { openStore } from '../src/store.ts'
import { storeFolder } from './support/store-script.ts'

test('what four processes push, four others take: nothing is lost, and nothing comes twice', async t => {
  const folder = storeFolder(t)
  await using store = openStore({ dir: folder.dir })
  await store.counter('begun').get()
  const push = `
    for (let i = 0; i < 500; i++) await store.list('jobs').push(arguments_[0] + ':' + i)`
  const take = `
    for (;;) {
      const job = await store.list('jobs').take({ timeout: '20s' })
      if (job === undefined || job === 'end') break
      print(job)
    }`
  const takers = Array.from({ length: 4 }, () => folder.run(take))
  await Promise.all(['a', 'b', 'c', 'd'].map(name => folder.run(push, name)))
  for (let i = 0; i < 4; i++) await store.list('jobs').push('end')
  const taken = (await Promise.all(takers)).flatMap(text => text.split('\n').filter(line => line !== ''))
  assert.equal(taken.length, 2000)
  assert.equal(new Set(taken).size, 2000)
})

test('the lock of a process that was killed is free after its lease, and the next one has a higher token', async t => {
  const folder = storeFolder(t)
  await using store = openStore({ dir: folder.dir })
  const holder = folder.start(`
    await store.lock('report').using({ ttl: '500ms' }, async ({ token }) => {
      print(String(token))
      await store.list('never').take()
    })`)
  const [first] = await once(holder.child.stdout as NodeJS.ReadableStream, 'data')
  holder.child.kill('SIGKILL')
  await holder.output
  const second = await store.lock('report').using({ ttl: '5s', wait: '10s' }, async ({ token }) => token)
  assert.ok(second > Number(String(first).trim()), `${second} after ${first}`)
})

test('a value that all processes want is computed by one of them', async t => {
  const folder = storeFolder(t)
  await using store = openStore({ dir: folder.dir })
  await store.counter('computed').get()
  const get = `
    const asking = store.watch('asking')
    await asking.ready
    await store.counter('asking').increment()
    const value = await store.cache('pages').getOrSet('first', async () => {
      await store.counter('computed').increment()
      while (await store.counter('asking').get() < 4) await asking.next()
      return 'the page'
    }, { ttl: '1m' })
    await asking.return()
    print(value)`
  const values = await Promise.all(Array.from({ length: 4 }, () => folder.run(get)))
  assert.deepEqual(values, Array(4).fill('the page'))
  assert.equal(await store.counter('computed').get(), 1)
})

test('a message reaches the listeners of other processes, and what was written before it is seen', async t => {
  const folder = storeFolder(t)
  await using store = openStore({ dir: folder.dir })
  const listener = folder.start(`
    const messages = store.topic('chat').subscribe()
    await messages.ready
    print('ready')
    for await (const message of messages) {
      print(message + ' ' + store.map('centre').peek('content'))
      break
    }`)
  await once(listener.child.stdout as NodeJS.ReadableStream, 'data')
  await store.map('centre').set('content', 'Hello CyberDB!')
  await store.topic('chat').publish('news')
  assert.match(await listener.output, /news Hello CyberDB!/)
})
