// `npm run bench:store [-- --rounds 3 --keys 1000000]`: operations of the store beside ioredis on redis-server, in one run.
//
// Everything is done by one client process, as an application does it; candidates take turns, and the median of the rounds
// counts. Read the ratios, not the numbers.
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStore } from '../../dist/store.js'
import { benchRoot, installPeers } from '../support/candidates.mjs'
import { machine, median, table } from '../support/machine.mjs'
import { freePort, start } from '../support/processes.mjs'

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, keys: { type: 'string', default: '1000000' } },
})
const rounds = Number(values.rounds)
const manyKeys = Number(values.keys)
const sliceMs = 700
const fewKeys = 1000
const inFlight = 32
const value = { id: 12_345, name: 'a to-do with a name', done: false, tags: ['shop', 'today'] }

await installPeers()
const Redis = createRequire(join(benchRoot, 'package.json'))('ioredis')
const dir = mkdtempSync(join(tmpdir(), 'saola-bench-store-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }))

console.log(
  `${machine()}\nredis-server, ioredis, values of ${JSON.stringify(value).length} bytes, median of ${rounds} rounds\n`,
)
const redis = await startRedis('redis', [])
const redisAlways = await startRedis('redis-always', ['--appendonly', 'yes', '--appendfsync', 'always'])
const store = openStore({ dir: join(dir, 'store') })
const storeAlways = openStore({ dir: join(dir, 'store-always'), durability: 'always' })

const sut = {
  saola: saola(store),
  'saola always': saola(storeAlways),
  'redis unix': viaRedis(redis.unix),
  'redis tcp': viaRedis(redis.tcp),
  'redis always': viaRedis(redisAlways.unix),
}
for (const each of Object.values(sut)) await fill(each, fewKeys)

const rates = new Map()
const rows = [
  ['peek, one at a time', 1, { saola: 'peek', 'redis unix': 'get', 'redis tcp': 'get' }],
  ['get, one at a time', 1, { saola: 'get', 'redis unix': 'get', 'redis tcp': 'get' }],
  [`get, ${inFlight} in flight`, inFlight, { saola: 'get', 'redis unix': 'get', 'redis tcp': 'get' }],
  ['set, one at a time', 1, { saola: 'set', 'redis unix': 'set', 'redis tcp': 'set' }],
  [`set, ${inFlight} in flight`, inFlight, { saola: 'set', 'redis unix': 'set', 'redis tcp': 'set' }],
  ['increment, one at a time', 1, { saola: 'increment', 'redis unix': 'increment', 'redis tcp': 'increment' }],
  [
    `increment, ${inFlight} in flight`,
    inFlight,
    { saola: 'increment', 'redis unix': 'increment', 'redis tcp': 'increment' },
  ],
  [`set, always, ${inFlight} in flight`, inFlight, { 'saola always': 'set', 'redis always': 'set' }],
]
for (let round = 0; round <= rounds; round++) {
  for (const [name, width, operations] of rows) {
    for (const [candidate, operation] of Object.entries(operations)) {
      const rate = await measure(sut[candidate][operation], width)
      // The first round warms up.
      if (round > 0) rates.set(`${name} ${candidate}`, [...(rates.get(`${name} ${candidate}`) ?? []), rate])
    }
  }
}
console.log(
  table(
    ['operation', 'Saola/s', 'Redis/s', 'ratio', 'µs'],
    rows.map(([name, , operations]) => rowOf(name, operations)),
  ),
)
console.log(`\nJavaScript Map, the limit: ${Math.round(mapRate())}/s\n`)
await p99WhileWritten()
await manyKeysReport()
for (const each of [store, storeAlways]) await each.close()
for (const each of [redis, redisAlways]) await each.stop()

function rowOf(name, operations) {
  const [ours, ...others] = Object.keys(operations).map(candidate => median(rates.get(`${name} ${candidate}`)))
  const theirs = Math.max(...others)
  return [name, Math.round(ours), Math.round(theirs), `${(ours / theirs).toFixed(2)} ×`, (1e6 / ours).toFixed(1)]
}

function saola(opened) {
  const map = opened.map('bench')
  const counter = opened.counter('counter')
  return {
    peek: i => map.peek(`key:${i % fewKeys}`),
    get: i => map.get(`key:${i % fewKeys}`),
    set: i => map.set(`key:${i % fewKeys}`, value),
    increment: () => counter.increment(),
  }
}

/** As saola/store does it: a JSON value in a field of a hash. */
function viaRedis(client) {
  return {
    get: async i => JSON.parse(await client.hget('bench', `key:${i % fewKeys}`)),
    set: i => client.hset('bench', `key:${i % fewKeys}`, JSON.stringify(value)),
    increment: () => client.incr('counter'),
  }
}

async function fill(each, count) {
  for (let i = 0; i < count; i++) await each.set(i)
}

/** Operations a second, with so many under way at any time. */
async function measure(operation, width) {
  const until = performance.now() + sliceMs
  const startedAt = performance.now()
  let done = 0
  const isSync = !(operation(0) instanceof Promise)
  if (isSync) {
    while (performance.now() < until) for (let i = 0; i < 100; i++) operation(done++)
    return (done * 1000) / (performance.now() - startedAt)
  }
  const worker = async () => {
    while (performance.now() < until) await operation(done++)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return (done * 1000) / (performance.now() - startedAt)
}

function mapRate() {
  const map = new Map(Array.from({ length: fewKeys }, (_, i) => [`key:${i}`, JSON.stringify(value)]))
  const until = performance.now() + 300
  let done = 0
  while (performance.now() < until) for (let i = 0; i < 100; i++) JSON.parse(map.get(`key:${done++ % fewKeys}`))
  return done / 0.3
}

/** How long a peek takes while another process writes as fast as it can. */
async function p99WhileWritten() {
  const script = `
    import { openStore } from ${JSON.stringify(join(benchRoot, '..', 'dist', 'store.js'))}
    const map = openStore({ dir: ${JSON.stringify(join(dir, 'store'))} }).map('bench')
    let i = 0
    await Promise.all(Array.from({ length: ${inFlight} }, async () => { for (;;) await map.set('key:' + (i++ % ${fewKeys}), ${JSON.stringify(value)}) }))`
  const writer = start(process.execPath, ['--input-type=module', '-e', script])
  await new Promise(resolve => setTimeout(resolve, 500))
  const times = []
  for (let i = 0; i < 20_000; i++) {
    const startedAt = performance.now()
    sut.saola.peek(i)
    times.push((performance.now() - startedAt) * 1000)
    if (i % 100 === 99) await new Promise(setImmediate)
  }
  await writer.stop()
  times.sort((a, b) => a - b)
  console.log(
    `peek while another process writes: p50 ${times[10_000].toFixed(1)} µs, p99 ${times[19_800].toFixed(1)} µs`,
  )
}

/** Reads with many keys beside reads with few, and what memory both need. */
async function manyKeysReport() {
  const map = store.map('many')
  const few = await measure(sut.saola.peek, 1)
  const batch = 1000
  for (let i = 0; i < manyKeys; i += batch) {
    const entries = Array.from({ length: batch }, (_, j) => [`key:${i + j}`, value])
    const flat = entries.flatMap(([key, each]) => [key, JSON.stringify(each)])
    await Promise.all([map.setMany(entries), redis.unix.hset('many', ...flat)])
  }
  const many = await measure(() => map.peek(`key:${Math.floor(Math.random() * manyKeys)}`), 1)
  console.log(
    `peek with ${manyKeys} keys: ${(1e6 / many).toFixed(1)} µs, with ${fewKeys}: ${(1e6 / few).toFixed(1)} µs, ratio ${(few / many).toFixed(2)}`,
  )
  const info = (await store.command('saola.info')).items.map(item => (Buffer.isBuffer(item) ? item.toString() : item))
  const rss = info[info.indexOf('rssBytes') + 1]
  const redisRss = Number(/used_memory_rss:(\d+)/.exec(await redis.unix.info('memory'))?.[1])
  const mb = bytes => `${Math.round(bytes / 1024 ** 2)} MiB`
  console.log(
    `memory with them: owner ${mb(rss)} (of it pages of the file, which the system can take back), redis-server ${mb(redisRss)}`,
  )
  const set = store.sortedSet('board')
  for (let i = 0; i < manyKeys; i += batch) {
    await set.addMany(Array.from({ length: batch }, (_, j) => [`player:${i + j}`, (i + j) % 9973]))
  }
  const startedAt = performance.now()
  for (let i = 0; i < 100; i++) await set.rank(`player:${Math.floor(Math.random() * manyKeys)}`)
  console.log(`rank in a sorted set of ${manyKeys}: ${((performance.now() - startedAt) / 100).toFixed(2)} ms`)
}

async function startRedis(name, args) {
  const port = await freePort()
  const socket = join(dir, `${name}.sock`)
  const common = ['--port', String(port), '--bind', '127.0.0.1', '--unixsocket', socket, '--dir', dir, '--save', '']
  const running = start('redis-server', [
    ...common,
    '--appendfilename',
    `${name}.aof`,
    '--appenddirname',
    name,
    ...args,
  ])
  const options = { enableAutoPipelining: false, retryStrategy: () => 20, maxRetriesPerRequest: null }
  const unix = new Redis(socket, options)
  const tcp = new Redis(port, '127.0.0.1', options)
  unix.on('error', () => {})
  tcp.on('error', () => {})
  await Promise.all([unix.ping(), tcp.ping()])
  return {
    unix,
    tcp,
    async stop() {
      unix.disconnect()
      tcp.disconnect()
      await running.stop()
    },
  }
}
