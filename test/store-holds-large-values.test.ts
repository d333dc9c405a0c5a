import assert from 'node:assert/strict'
import { createHash, randomFillSync } from 'node:crypto'
import { test } from 'node:test'
import { StoreError } from '../src/store.ts'
import { request } from './support/http-connection.ts'
import { storeFolder } from './support/store-script.ts'
import { startTree } from './support/tree.ts'

const large = 64 * 1024 ** 2

test('bytes of 64 MB go through a map and a list, from one process to another and back', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const value = randomFillSync(Buffer.alloc(large))
  const map = store.map<Buffer>('map', { codec: 'bytes' })
  const list = store.list<Buffer>('list', { codec: 'bytes' })
  await map.set('large', value)
  await list.push(Buffer.from('small'), value)
  const other = await folder.run(`
    import { createHash } from 'node:crypto'
    const hash = bytes => createHash('sha256').update(bytes).digest('hex')
    const map = store.map('map', { codec: 'bytes' })
    const list = store.list('list', { codec: 'bytes' })
    const read = await map.get('large')
    const areSame = [map.peek('large'), list.peekAt(1)].every(each => read.equals(each))
    print(areSame ? hash(read) : 'they are not the same')
    await map.set('copy', await list.pop())`)
  assert.equal(other, sha256(value))
  assert.equal((await map.take('copy'))?.equals(value), true)
  assert.equal(await list.length(), 1)
  assert.deepEqual(await map.update('large', old => old?.subarray(0, 3)), value.subarray(0, 3))
})

test('JSON of 64 MB comes back as it was', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const text = 'ä€😀\n"'.repeat(large / 16)
  const map = store.map<{ text: string }>('map')
  await map.set('large', { text })
  assert.equal((await map.get('large'))?.text === text, true)
  assert.equal(await folder.run(`print(String(store.map('map').peek('large').text.length))`), String(text.length))
})

test('small calls are answered beside large ones of the same process', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const map = store.map<Buffer>('map', { codec: 'bytes' })
  const value = Buffer.alloc(large / 4, 1)
  const calls = [
    map.set('large', value),
    store.counter('n').increment(),
    map.get('large'),
    store.counter('n').increment(),
  ] as const
  const [isSet, one, got, two] = await Promise.all(calls)
  assert.deepEqual([isSet, one, got?.equals(value), two], [true, 1, true, 2])
})

test('a value above store.maxValueBytes is refused, however large, and costs no other call and no connection', async t => {
  const app = `
    import { store } from 'saola/store'
    const map = store.map('map', { codec: 'bytes' })
    export default {
      async fetch(request) {
        const before = await store.command('client', 'id')
        const size = Number(new URL(request.url).pathname.slice(1))
        const outcomes = await Promise.allSettled([
          store.counter('n').increment(),
          map.set('value', Buffer.alloc(size)),
          store.list('list', { codec: 'bytes' }).push(Buffer.alloc(size)),
          store.topic('topic', { codec: 'bytes' }).publish(Buffer.alloc(size)),
          store.transaction(tx => { tx.map('map', { codec: 'bytes' }).set('value', Buffer.alloc(size)) }),
          store.counter('n').increment(),
        ])
        const after = await store.command('client', 'id')
        const codes = outcomes.map(({ status, reason }) => reason?.code ?? reason?.message ?? status)
        return Response.json({ codes, isSame: before === after, has: await map.has('value') })
      },
    }`
  const tree = await startTree(t, {
    files: { 'app.mjs': app },
    config: {
      name: 'shop',
      store: { maxValueBytes: '1MB' },
      apps: { web: { app: './app.mjs', listen: 'unix:./web.sock', workers: 1 } },
    },
  })
  const ask = async (size: number) => {
    const { body } = await request(`unix:${tree.dir}/web.sock`, { path: `/${size}` })
    return JSON.parse(String(body)) as unknown
  }
  const refused = Array(4).fill('STORE_VALUE_TOO_LARGE')
  for (const size of [1024 ** 2 + 1, 1024 ** 2 + 2000, 30 * 1024 ** 2]) {
    const codes = ['fulfilled', ...refused, 'fulfilled']
    assert.deepEqual(await ask(size), { codes, isSame: true, has: false }, String(size))
  }
  assert.deepEqual(await ask(1024 ** 2), { codes: Array(6).fill('fulfilled'), isSame: true, has: true })
})

test('without a setting the largest value has 128 MB', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const map = store.map<Buffer>('map', { codec: 'bytes' })
  await map.set('small', Buffer.alloc(1))
  await assert.rejects(
    map.set('large', Buffer.alloc(128 * 1024 ** 2 + 2000)),
    (error: unknown) => error instanceof StoreError && error.code === 'STORE_VALUE_TOO_LARGE',
  )
  assert.equal(await map.size(), 1)
})

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
