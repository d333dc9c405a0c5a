// `npm run bench:resp [-- --rounds 5 --requests 100000 --durability everysec]`: redis-benchmark against the store's door and against
// redis-server, in one run.
//
// Both take turns, in both orders, on Unix sockets; the median of the rounds counts. Read the ratios, not the
// numbers: redis-benchmark runs on the same cores.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openStore } from '../../dist/store.js'
import { machine, median, table } from '../support/machine.mjs'
import { run, start } from '../support/processes.mjs'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '100000' },
    durability: { type: 'string', default: 'everysec' },
    // As redis-benchmark does it, all ask for one key; with a number, for one of so many.
    keys: { type: 'string' },
    tests: { type: 'string', default: 'set,get,incr,lpush,rpop,sadd,hset,zadd,mset' },
  },
})
const rounds = Number(values.rounds)
const requests = Number(values.requests)
const clients = 50

/** What is asked of both: requests in one write, and the least share of Redis' rate that was promised. */
const loads = [
  { pipeline: 1, wanted: 0.6, requests },
  { pipeline: 16, wanted: 0.12, requests: 2 * requests },
]

const dir = mkdtempSync(join(tmpdir(), 'saola-bench-resp-'))
process.on('exit', () => rmSync(dir, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }))

const store = openStore({ dir: join(dir, 'store'), durability: values.durability })
await store.command('ping')
const redisSocket = join(dir, 'redis.sock')
const redis = start('redis-server', ['--port', '0', '--unixsocket', redisSocket, '--dir', dir, '--save', ''])
const sockets = { saola: join(dir, 'store', 'store.sock'), redis: redisSocket }
await untilServing(redisSocket)

console.log(
  `${machine()}\nredis-benchmark, ${clients} clients, Unix sockets, median of ${rounds} rounds; Saola: ${values.durability}\n`,
)
for (const load of loads) {
  const results = { saola: new Map(), redis: new Map() }
  // The first round warms up.
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 ? ['saola', 'redis'] : ['redis', 'saola']
    for (const name of order) {
      for (const row of await measure(sockets[name], load)) if (round > 0) note(results[name], row)
    }
  }
  console.log(title(load))
  console.log(
    table(['command', 'Saola/s', 'Redis/s', 'ratio', 'Saola p99 ms', 'Redis p99 ms', 'ratio'], rowsOf(results)),
  )
  console.log('')
}
await store.close()
await redis.stop()

function title({ pipeline, wanted }) {
  return `${pipeline === 1 ? 'Without pipelining' : `-P ${pipeline}`}: wanted at least ${wanted} × the requests, at most 2 × the p99`
}

/** One run of redis-benchmark: a row for each command. */
async function measure(socket, { pipeline, requests: count }) {
  await run('redis-cli', ['-s', socket, 'FLUSHALL'])
  const options = ['-s', socket, '-c', String(clients), '-n', String(count), '-P', String(pipeline), '-t', values.tests]
  if (values.keys) options.push('-r', values.keys)
  const output = await run('redis-benchmark', [...options, '--csv'])
  const [head, ...lines] = output
    .split('\n')
    .filter(line => line.startsWith('"'))
    .map(line => line.slice(1, -1).split('","'))
  const column = name => head.indexOf(name)
  return lines.map(cells => ({
    name: cells[0],
    rate: Number(cells[column('rps')]),
    p99: Number(cells[column('p99_latency_ms')]),
  }))
}

function note(results, { name, rate, p99 }) {
  const row = results.get(name) ?? { rates: [], p99s: [] }
  row.rates.push(rate)
  row.p99s.push(p99)
  results.set(name, row)
}

function rowsOf({ saola, redis: other }) {
  return [...saola].map(([name, { rates, p99s }]) => {
    const theirs = other.get(name)
    const [rate, otherRate] = [median(rates), median(theirs.rates)]
    const [p99, otherP99] = [median(p99s), median(theirs.p99s)]
    return [
      name,
      Math.round(rate),
      Math.round(otherRate),
      `${(rate / otherRate).toFixed(2)} ×`,
      p99.toFixed(2),
      otherP99.toFixed(2),
      `${(p99 / otherP99).toFixed(1)} ×`,
    ]
  })
}

async function untilServing(socket) {
  for (let i = 0; ; i++) {
    try {
      await run('redis-cli', ['-s', socket, 'PING'])
      return
    } catch (error) {
      if (i === 100) throw error
      await new Promise(resolve => setTimeout(resolve, 50))
    }
  }
}
