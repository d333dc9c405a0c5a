import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { socketOf } from '../src/store/owner/owner-spec.ts'
import { Push, type Reply } from '../src/store/resp/reply.ts'
import { ReplyParser } from '../src/store/resp/reply-parser.ts'
import { type Store, StoreError } from '../src/store.ts'
import { type StoreFolder, storeFolder } from './support/store-script.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const kilobyte = 'm'.repeat(1024)
const messages = 20

test('a thousand subscribers hear each message, in the order in which it was sent', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.counter('begun').increment()
  const heard: Awaited<ReturnType<typeof subscribeRaw>>[] = []
  // The system lets some hundreds wait for their connection at a time.
  while (heard.length < 1000) {
    heard.push(...(await Promise.all(Array.from({ length: 100 }, () => subscribeRaw(t, folder, 'chat')))))
  }
  // Before they begin: nobody tells of what was before.
  const changes = store.watch('ready')
  await changes.ready
  const processes = Array.from({ length: 2 }, () =>
    folder.run(`
      const listeners = Array.from({ length: 50 }, () => store.topic('chat').subscribe())
      await Promise.all(listeners.map(({ ready }) => ready))
      await store.counter('ready').increment()
      const heard = await Promise.all(listeners.map(async listener => {
        const numbers = []
        for await (const number of listener) if (numbers.push(number) === ${messages}) break
        return numbers.join()
      }))
      print([...new Set(heard)].join(' '))`),
  )
  for await (const _change of changes) if ((await store.counter('ready').get()) === 2) break
  // Several are under way at a time.
  const counts = await Promise.all(Array.from({ length: messages }, (_, i) => store.topic('chat').publish(i)))
  // The subscriptions of a process count as one.
  assert.deepEqual(new Set(counts), new Set([1002]))
  const wanted = Array.from({ length: messages }, (_, i) => String(i))
  for (const listener of heard) assert.deepEqual(await listener.first(messages), wanted)
  assert.deepEqual(await Promise.all(processes), [wanted.join(), wanted.join()])
})

test('a subscriber that never reads is cut off at a bounded buffer, and others go on', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.counter('begun').increment()
  const reader = await subscribeRaw(t, folder, 'chat')
  const silent = await Promise.all(Array.from({ length: 3 }, () => subscribeRaw(t, folder, 'chat')))
  for (const { socket } of silent) socket.pause()
  const rssBefore = rssOf(folder)
  let rssMax = rssBefore
  let published = 0
  const topic = store.topic<string>('chat')
  // 80 MB would be kept for each of them.
  const counts: number[] = []
  while (published < 20_000) {
    counts.push(...(await Promise.all(Array.from({ length: 125 }, () => topic.publish(kilobyte.repeat(4))))))
    published += 125
    rssMax = Math.max(rssMax, rssOf(folder))
  }
  assert.equal(counts[0], 4)
  assert.equal(counts.at(-1), 1, 'those who do not read are gone')
  const grownMb = (rssMax - rssBefore) / 1024 ** 2
  t.diagnostic(
    `the owner has grown by ${Math.round(grownMb)} MB at most, cut off after ${4 * (counts.lastIndexOf(4) + 1)} KB`,
  )
  // 32 MB each, and what a garbage collector leaves.
  assert.ok(grownMb < 220, `the owner has grown by ${grownMb} MB`)
  assert.equal((await reader.first(published)).length, published)
})

test('a process that stands still is cut off, and goes on listening when it runs again, and knows of the gap', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.counter('begun').increment()
  const listener = folder.start(`
    const messages = store.topic('chat').subscribe({ bufferMax: 1e6, onGap: () => print('gap') })
    await messages.ready
    print('ready')
    for await (const message of messages) if (message === 'last') break
    print('end')`)
  const lines: string[] = []
  createInterface({ input: listener.child.stdout as NodeJS.ReadableStream }).on('line', line => lines.push(line))
  const heard = (line: string) => until(`it says ${line}`, () => lines.includes(line))
  await heard('ready')
  const topic = store.topic<string>('chat')
  const id = listener.child.pid as number
  signalProcess(id, 'SIGSTOP')
  while ((await topic.publish(kilobyte.repeat(64))) === 1);
  signalProcess(id, 'SIGCONT')
  await heard('gap')
  await topic.publish('last')
  await heard('end')
  await listener.output
  assert.equal(listener.child.exitCode, 0)
})

test('a loop that is slow gets what is buffered and then an error; the process and its other loops go on', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const slow = store.topic<number>('chat').subscribe({ bufferMax: 10 })
  const quick = store.topic<number>('chat').subscribe()
  await Promise.all([slow.ready, quick.ready])
  const isOver = Promise.withResolvers<void>()
  const heard: number[] = []
  const loop = (async () => {
    for await (const message of slow) {
      heard.push(message)
      await isOver.promise
    }
  })()
  const sender = folder.run(`for (let i = 0; i < 500; i++) await store.topic('chat').publish(i)`)
  let last = -1
  for await (const message of quick) {
    assert.equal(message, ++last)
    if (message === 499) break
  }
  await sender
  isOver.resolve()
  await assert.rejects(loop, isCode('STORE_SUBSCRIBER_SLOW'))
  // The one that the body had, and ten.
  assert.deepEqual(heard, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test('a slow loop over large messages is cut off by their bytes', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const topic = store.topic<Buffer>('chat', { codec: 'bytes' })
  const slow = topic.subscribe()
  const quick = topic.subscribe()
  await Promise.all([slow.ready, quick.ready])
  const large = Buffer.alloc(8 * 1024 ** 2, 7)
  for (let i = 0; i < 12; i++) {
    await topic.publish(large)
    await quick.next()
  }
  let count = 0
  await assert.rejects(async () => {
    for await (const message of slow) {
      assert.equal(message.length, large.length)
      if (++count === 12) break
    }
  }, isCode('STORE_SUBSCRIBER_SLOW'))
  assert.equal(count, 8)
})

test('a slow loop over a map holds neither its pages nor the log of the store', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const map = store.map<Buffer>('map', { codec: 'bytes' })
  const value = Buffer.alloc(1024 ** 2, 1)
  for (let i = 10; i < 40; i++) await map.set(`key-${i}`, value)
  const entries = map.entries()
  const seen = [(await entries.next()).value?.[0]]
  // Written anew several times while the loop stands still: a reader that held its view would keep all of it.
  for (let round = 0; round < 6; round++) await map.setMany(await Array.fromAsync(map.keys(), key => [key, value]))
  const bytes = await until('the log is short again', () => bytesOf(store, 150))
  assert.ok(bytes < 150 * 1024 ** 2)
  // All of them fit into a page by their number, but not by their size: the last was not fetched yet.
  assert.equal(await map.delete('key-39'), 1)
  for await (const [key, each] of entries) {
    assert.equal(each.length, value.length)
    seen.push(key)
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 29 }, (_, i) => `key-${i + 10}`),
  )
})

async function bytesOf(store: Store, belowMb: number): Promise<number | undefined> {
  const { bytes } = await store.info()
  return Number(bytes) < belowMb * 1024 ** 2 ? Number(bytes) : undefined
}

/** A connection of its own, as redis-cli makes it. */
async function subscribeRaw(t: TestContext, folder: StoreFolder, channel: string) {
  const socket = net.connect(socketOf(folder.dir))
  t.after(() => socket.destroy())
  const parser = new ReplyParser()
  const heard: string[] = []
  const subscribed = Promise.withResolvers<void>()
  let wanted: { readonly count: number; readonly done: () => void } | undefined
  const receive = (reply: Reply) => {
    if (!(reply instanceof Push)) return reply === null ? undefined : subscribed.resolve()
    heard.push(JSON.parse(String(reply.items[2])))
    if (wanted && heard.length >= wanted.count) wanted.done()
  }
  let answers = 0
  socket.on('data', chunk => {
    for (const reply of parser.push(chunk)) if (reply instanceof Push || ++answers === 2) receive(reply)
  })
  socket.on('error', subscribed.reject)
  socket.write(`HELLO 3\r\nsaola.subscribe ${channel}\r\n`)
  await subscribed.promise
  return {
    socket,
    async first(count: number): Promise<string[]> {
      if (heard.length < count) await new Promise<void>(done => (wanted = { count, done }))
      return heard.slice(0, count).map(String)
    },
  }
}

function rssOf(folder: StoreFolder): number {
  const status = readFileSync(`/proc/${folder.ownerId()}/status`, 'latin1')
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

function isCode(code: string) {
  return (error: unknown) => error instanceof StoreError && error.code === code
}
