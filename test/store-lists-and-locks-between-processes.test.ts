import assert from 'node:assert/strict'
import { test } from 'node:test'
import { firstLine, storeFolder } from './support/store-script.ts'

test('what three processes push, three others take: nothing is lost, and nothing comes twice', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.counter('begun').get()
  const push = `
    for (let i = 0; i < 500; i++) await store.list('jobs').push(arguments_[0] + ':' + i)`
  const take = `
    for (;;) {
      const job = await store.list('jobs').take({ timeout: '60s' })
      if (job === undefined || job === 'end') break
      print(job)
    }`
  const takers = Array.from({ length: 3 }, () => folder.run(take))
  await Promise.all(['a', 'b', 'c'].map(name => folder.run(push, name)))
  for (const _ of takers) await store.list('jobs').push('end')
  const taken = (await Promise.all(takers)).flatMap(text => text.split('\n').filter(line => line !== ''))
  assert.equal(taken.length, 1500)
  assert.equal(new Set(taken).size, 1500)
})

test('a value that all processes want is computed by one of them', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.counter('computed').get()
  const get = `
    const asking = store.watch('asking')
    await asking.ready
    await store.counter('asking').increment()
    const value = await store.cache('pages').getOrSet('first', async () => {
      await store.counter('computed').increment()
      while (await store.counter('asking').get() < 3) await asking.next()
      return 'the page'
    }, { ttl: '1m' })
    await asking.return()
    print(value)`
  const values = await Promise.all(Array.from({ length: 3 }, () => folder.run(get)))
  assert.deepEqual(values, Array(3).fill('the page'))
  assert.equal(await store.counter('computed').get(), 1)
})

test('a message reaches the listeners of other processes, and what was written before it is seen', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const listener = folder.start(`
    const messages = store.topic('chat').subscribe()
    await messages.ready
    print('ready')
    for await (const message of messages) {
      print(message + ' ' + store.map('centre').peek('content'))
      break
    }`)
  await firstLine(listener.child)
  await store.map('centre').set('content', 'Hello CyberDB!')
  await store.topic('chat').publish('news')
  assert.match(await listener.output, /news Hello CyberDB!/)
})
