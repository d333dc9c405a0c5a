// `npm run bench:store:redis [-- --rounds 7]`: what the structures cost on Redis, beside the same calls of plain ioredis.
//
// One client process, one redis-server, both on its Unix socket; they take turns, and the median of the rounds counts. Read the
// ratios, not the numbers.
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStore } from '../../dist/store.js'
import { machine, median, table } from '../support/machine.mjs'
import { freePort, start } from '../support/processes.mjs'

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } })
const rounds = Number(values.rounds)
const sliceMs = 400
const keysCount = 1000
const widths = [1, 32]
const value = { id: 12_345, name: 'a to-do with a name', done: false, tags: ['shop', 'today'] }

// The one that the structures use, too.
const Redis = createRequire(import.meta.url)('ioredis')
const dir = mkdtempSync(join(tmpdir(), 'saola-bench-redis-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }))

const port = await freePort()
const server = start('redis-server', ['--port', String(port), '--dir', dir, '--save', ''])
const plain = new Redis({ port, host: '127.0.0.1' })
plain.on('error', () => {})
await plain.ping()
const store = openStore({ url: `redis://127.0.0.1:${port}` })

const map = store.map('ours')
const counter = store.counter('ours:count')
const list = store.list('ours:list')
const json = JSON.stringify(value)
const candidates = {
  get: {
    ours: i => map.get(`key:${i % keysCount}`),
    plain: async i => JSON.parse(await plain.hget('plain', `key:${i % keysCount}`)),
  },
  set: {
    ours: i => map.set(`key:${i % keysCount}`, value),
    plain: i => plain.hset('plain', `key:${i % keysCount}`, JSON.stringify(value)),
  },
  increment: { ours: () => counter.increment(), plain: () => plain.incr('plain:count') },
  push: { ours: () => list.push(value), plain: () => plain.rpush('plain:list', json) },
}
for (let i = 0; i < keysCount; i++) for (const call of Object.values(candidates.set)) await call(i)

console.log(`${machine()}\nredis-server by loopback, values of ${json.length} bytes, median of ${rounds} rounds\n`)
const costs = new Map()
for (let round = 0; round <= rounds; round++) {
  for (const [name, pair] of Object.entries(candidates)) {
    for (const width of widths) {
      const order = round % 2 === 0 ? ['ours', 'plain'] : ['plain', 'ours']
      for (const who of order) {
        const micros = await measure(pair[who], width)
        const key = `${name} ${width} ${who}`
        // The first round warms up.
        if (round > 0) costs.set(key, [...(costs.get(key) ?? []), micros])
      }
    }
  }
}
const rows = Object.keys(candidates).flatMap(name =>
  widths.map(width => {
    const [ours, theirs] = ['ours', 'plain'].map(who => median(costs.get(`${name} ${width} ${who}`)))
    return [name, width, ours.toFixed(1), theirs.toFixed(1), `${(ours / theirs).toFixed(2)} ×`]
  }),
)
console.log(table(['call', 'in flight', 'Saola µs', 'ioredis µs', 'cost'], rows))
await store.close()
plain.disconnect()
await server.stop()

/** Microseconds a call, with so many under way at any time. */
async function measure(call, width) {
  const startedAt = performance.now()
  const until = startedAt + sliceMs
  let done = 0
  const worker = async () => {
    while (performance.now() < until) await call(done++)
  }
  await Promise.all(Array.from({ length: width }, worker))
  return ((performance.now() - startedAt) * 1000) / done
}
