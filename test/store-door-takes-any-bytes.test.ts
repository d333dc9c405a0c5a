import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import net from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { schema } from '../src/store/database/schema.ts'
import { Owner } from '../src/store/owner/owner.ts'
import type { ConnectionLimits } from '../src/store/resp/connection.ts'
import { Connections } from '../src/store/resp/connections.ts'
import { ReplyParser } from '../src/store/resp/reply-parser.ts'
import { startWork } from './support/busy-machine.ts'
import { openDoor } from './support/door.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { encode, mutate, randomFrom } from './support/mutate-bytes.ts'
import { until } from './support/until.ts'

const inputs = 100_000
const inProcessShare = 98_000
const batch = 200
const seed = Number(process.env.SAOLA_FUZZ_SEED ?? 20_261_121)
const usualLimits: ConnectionLimits = {
  argumentBytesMax: 1024 ** 2,
  outputBytesMax: 64 * 1024 ** 2,
  pushBytesMax: 8 * 1024 ** 2,
  queryBytesMax: 8 * 1024 ** 2,
}
const password = 'right'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What clients send, a session each. */
const sessions: readonly Buffer[] = [
  [
    ['PING'],
    ['SET', 'a', '1', 'EX', '100'],
    ['INCRBY', 'a', '5'],
    ['GETRANGE', 'a', '0', '-1'],
    ['SETRANGE', 'a', '3', 'x'],
  ],
  [
    ['MSET', 'a', '1', 'b', '2'],
    ['MGET', 'a', 'b', 'c'],
    ['APPEND', 'a', 'x'],
    ['SETBIT', 'b', '9', '1'],
    ['BITCOUNT', 'b'],
  ],
  [
    ['HSET', 'h', 'f', '1', 'g', '2'],
    ['HGETALL', 'h'],
    ['HINCRBY', 'h', 'f', '3'],
    ['HSCAN', 'h', '0', 'COUNT', '10'],
  ],
  [
    ['RPUSH', 'l', 'a', 'b', 'c'],
    ['LRANGE', 'l', '0', '-1'],
    ['LPOP', 'l', '2'],
    ['LINSERT', 'l', 'BEFORE', 'c', 'x'],
  ],
  [
    ['SADD', 's', 'a', 'b'],
    ['SPOP', 's', '1'],
    ['SINTER', 's', 't'],
    ['SMEMBERS', 's'],
    ['SSCAN', 's', '0', 'MATCH', '*'],
  ],
  [
    ['ZADD', 'z', '1', 'a', '2', 'b'],
    ['ZRANGE', 'z', '0', '-1', 'WITHSCORES'],
    ['ZRANGEBYSCORE', 'z', '(1', '+inf'],
  ],
  [['MULTI'], ['SET', 'm', '1'], ['INCR', 'm'], ['EXEC'], ['WATCH', 'm'], ['MULTI'], ['DISCARD'], ['UNWATCH']],
  [['HELLO', '3'], ['CLIENT', 'SETNAME', 'x'], ['SMEMBERS', 's'], ['HGETALL', 'h'], ['CLIENT', 'LIST'], ['RESET']],
  [
    ['SUBSCRIBE', 'c', 'd'],
    ['PSUBSCRIBE', 'c*'],
    ['PING'],
    ['UNSUBSCRIBE', 'c'],
    ['PUNSUBSCRIBE'],
    ['PUBLISH', 'c', 'x'],
  ],
  [
    ['BLPOP', 'none', '0.01'],
    ['SELECT', '3'],
    ['DBSIZE'],
    ['EXPIRE', 'a', '10'],
    ['SCAN', '0', 'MATCH', 'a*', 'COUNT', '5'],
  ],
  [
    ['CONFIG', 'GET', 'max*'],
    ['CONFIG', 'SET', 'hz', '11'],
    ['INFO'],
    ['COMMAND', 'INFO', 'get'],
    ['COMMAND', 'GETKEYS', 'GET', 'a'],
  ],
  [
    ['SORT', 'l', 'ALPHA', 'LIMIT', '0', '5'],
    ['RENAME', 'a', 'b'],
    ['COPY', 'b', 'c'],
    ['TYPE', 'b'],
    ['KEYS', '[a-c]*'],
  ],
].map(requests => Buffer.concat(requests.map(words => encode(...words))))
const inline = Buffer.from('SET inline "hello \\x41"\r\nGET inline\r\nPING\r\n')
const valid = [...sessions, inline]
const login = encode('AUTH', password)

/** A connection without a socket: what it is sent is collected. */
class Line extends Duplex {
  readonly received: Buffer[] = []

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.received.push(chunk)
    done()
  }

  send(bytes: Buffer): void {
    if (!this.destroyed) this.emit('data', bytes)
  }

  /** Every reply so far, or an AssertionError when it is none. */
  replies(): number {
    const parser = new ReplyParser()
    return parser.push(Buffer.concat(this.received)).length
  }
}

function openServer(own: Partial<ConnectionLimits> = {}) {
  const limits = { ...usualLimits, ...own }
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  const problems: Error[] = []
  const owner = new Owner({
    database,
    limits: { valueBytesMax: limits.argumentBytesMax, keysMax: 10_000 },
    onProblem: error => problems.push(error),
  })
  const check = (_user: string, given: Buffer) => ({ isRight: String(given) === password, delayMs: 0 })
  const open = new Connections(owner, { limits, clientsMax: 10_000 })
  const guarded = new Connections(owner, { limits, clientsMax: 10_000, password: { check } })
  const connect = (isGuarded: boolean) => {
    const line = new Line()
    const connections = isGuarded ? guarded : open
    connections.admit(line as unknown as net.Socket, { address: '192.0.2.1:1', localAddress: '192.0.2.2:2' })
    return line
  }
  return { owner, connect, problems, size: () => open.size + guarded.size }
}

/** A few turns: what is decided without the owner is answered then. How many it takes for the rest depends on the machine. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 14; turn++) await nextTurn()
}

/** When this connection, whose requests stand behind all that was sent before, has so many replies. */
async function answered(line: Line, count: number): Promise<void> {
  const deadlineMs = performance.now() + waitTimeoutMs
  for (; line.replies() < count; await nextTurn())
    assert.ok(performance.now() < deadlineMs, `${line.replies()} of ${count} replies have come`)
}

function nextTurn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}

test(`${inProcessShare} mutated sessions crash nothing, cost no memory and disturb nobody`, async t => {
  const { owner, connect, problems, size } = openServer()
  t.after(() => owner.close())
  const random = randomFrom(seed)
  t.diagnostic(`SAOLA_FUZZ_SEED=${seed}`)
  const witness = connect(false)
  let heapBefore = 0
  for (let done = 0; done < inProcessShare; done += batch) {
    const lines = Array.from({ length: batch }, (_, i) => {
      const line = connect(i % 2 === 1)
      const session = valid[Math.floor(random() * valid.length)] as Buffer
      // Before the password, behind it, and with a mutated one.
      const bytes = i % 4 === 1 ? Buffer.concat([login, mutate(session, random)]) : mutate(session, random)
      const cut = random() < 0.3 ? Math.floor(random() * bytes.length) : bytes.length
      line.send(bytes.subarray(0, cut))
      line.send(bytes.subarray(cut))
      return line
    })
    await settled()
    for (const line of lines) line.replies()
    for (const line of lines) line.destroy()
    witness.received.length = 0
    witness.send(Buffer.concat([encode('SET', 'witness', String(done)), encode('GET', 'witness'), encode('FLUSHALL')]))
    await answered(witness, 3)
    const answer = Buffer.concat(witness.received).toString()
    assert.equal(answer, `+OK\r\n$${String(done).length}\r\n${done}\r\n+OK\r\n`, `after ${done} of seed ${seed}`)
    if (done === 20 * batch) heapBefore = heapNow()
  }
  await until('only the witness is connected', () => size() === 1)
  assert.deepEqual(problems.map(String), [])
  const grown = heapNow() - heapBefore
  t.diagnostic(`heap grown by ${Math.round(grown / 1024)} KiB`)
  // Two hundred bytes for each input would be more.
  assert.ok(grown < 8 * 1024 ** 2, `the heap has grown by ${grown} bytes`)
})

function heapNow(): number {
  // The second one takes what the first has let go of.
  for (let i = 0; i < 2; i++) collectGarbage()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test('giant counts and lengths cost nothing before they arrive, and end in an error', async t => {
  const { owner, connect } = openServer({ argumentBytesMax: 1024 ** 3 })
  t.after(() => owner.close())
  const cases: readonly (readonly [sent: string, answer: RegExp])[] = [
    ['*1048577\r\n', /^-ERR Protocol error: invalid multibulk length\r\n$/],
    ['*99999999999999999999\r\n', /^-ERR Protocol error: invalid multibulk length\r\n$/],
    ['*1\r\n$99999999999999\r\n', /^-ERR Protocol error: invalid bulk length\r\n$/],
    ['*1\r\n$-5\r\n', /^-ERR Protocol error: invalid bulk length\r\n$/],
    ['*1\r\n:5\r\n', /^-ERR Protocol error: expected '\$', got ':'\r\n$/],
    ['*1048576\r\n', /^$/],
    ['*2\r\n$3\r\nGET\r\n$1073741824\r\nab', /^$/],
    [`${'x'.repeat(65 * 1024)}`, /^-ERR Protocol error: too big inline request\r\n$/],
    ['GET "a\r\n', /^-ERR Protocol error: unbalanced quotes in request\r\n$/],
  ]
  const heapBefore = heapNow()
  const lines = cases.flatMap(([sent, answer]) =>
    Array.from({ length: 20 }, () => {
      const line = connect(false)
      line.send(Buffer.from(sent))
      return { line, sent, answer }
    }),
  )
  await settled()
  for (const { line, sent, answer } of lines)
    assert.match(Buffer.concat(line.received).toString(), answer, sent.slice(0, 40))
  // A megabyte for each of the twenty values that have begun.
  assert.ok(heapNow() - heapBefore < 24 * 1024 ** 2, `${heapNow() - heapBefore} bytes`)
  for (const { line } of lines) line.destroy()
})

test('before the password a stranger may send little', async t => {
  const { owner, connect } = openServer()
  t.after(() => owner.close())
  for (const sent of ['*11\r\n', '*1\r\n$16385\r\n']) {
    const line = connect(true)
    line.send(Buffer.from(sent))
    await settled()
    assert.match(Buffer.concat(line.received).toString(), /^-ERR Protocol error: unauthenticated/, sent)
  }
  const patient = connect(true)
  for (let i = 0; i < 2000 && !patient.destroyed; i++) patient.send(Buffer.alloc(1024, 'x'))
  assert.ok(patient.destroyed || patient.writableEnded)
  const refused = connect(true)
  refused.send(Buffer.concat([encode('GET', 'a'), encode('AUTH', 'wrong')]))
  await until('both are answered', () => refused.replies() === 2)
  assert.match(Buffer.concat(refused.received).toString(), /^-NOAUTH Authentication required\.\r\n-WRONGPASS/)
})

test('arguments that ask for giant answers end in an error or a small one', async t => {
  const { owner, connect } = openServer()
  t.after(() => owner.close())
  const line = connect(false)
  const heapBefore = heapNow()
  const giant = '9223372036854775807'
  for (const words of [
    ['SADD', 's', 'a'],
    ['HSET', 'h', 'f', 'v'],
    ['ZADD', 'z', '1', 'm'],
    ['RPUSH', 'l', 'a'],
    ['SRANDMEMBER', 's', '-9223372036854775808'],
    ['HRANDFIELD', 'h', '-9223372036854775808'],
    ['ZRANDMEMBER', 'z', '-9223372036854775808'],
    ['SETRANGE', 'text', '536870911', 'x'],
    ['SETRANGE', 'text', giant, 'x'],
    ['SETBIT', 'text', '4294967295', '1'],
    ['LRANGE', 'l', '0', giant],
    ['LPOP', 'l', giant],
    ['SPOP', 's', giant],
    ['ZPOPMIN', 'z', giant],
    ['SCAN', giant, 'COUNT', giant],
    ['KEYS', `${'*a'.repeat(30)}b`],
    ['SET', 'a'.repeat(1000), '1'],
    ['KEYS', `${'*a'.repeat(30)}b`],
  ]) {
    line.send(encode(...words))
  }
  const work = startWork()
  await answered(line, 18)
  assert.ok(work() < 2_000)
  assert.ok(heapNow() - heapBefore < 8 * 1024 ** 2)
})

test('what comes byte by byte is answered as what comes at once, before and behind a half request', async t => {
  const { owner, connect } = openServer()
  t.after(() => owner.close())
  // What is random or says who asks is another answer each time.
  const isSame = (session: Buffer) => !/HELLO|INFO|SPOP/.test(session.toString('latin1'))
  for (const session of valid.filter(isSame)) {
    const [slow, quick, half] = [connect(false), connect(false), connect(false)]
    half.send(session.subarray(0, session.length >> 1))
    const whole = Buffer.concat([encode('FLUSHALL'), session, encode('QUIT')])
    quick.send(whole)
    await until('it is all answered', () => quick.writableEnded)
    for (const byte of whole) slow.send(Buffer.of(byte))
    await until('it is all answered byte by byte', () => slow.writableEnded)
    const [one, other] = [slow, quick].map(line => Buffer.concat(line.received).toString('latin1'))
    assert.equal(one, other)
    for (const line of [slow, quick, half]) line.destroy()
  }
})

test(`${inputs - inProcessShare} more against the process of a store: it stays, and its memory does`, async t => {
  const { path, folder, store } = await openDoor(t)
  const random = randomFrom(seed + 1)
  const pid = folder.ownerId() as number
  const rss = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
  // Not SAVE and the like, which would write files.
  let rssBefore = 0
  for (let done = 0; done < inputs - inProcessShare; done += 50) {
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        const socket = net.connect(path)
        socket.on('error', () => {})
        const closed = once(socket, 'close')
        socket.resume()
        socket.end(mutate(valid[Math.floor(random() * valid.length)] as Buffer, random))
        await closed
      }),
    )
    await store.counter('witness').increment()
    if (done === 500) rssBefore = rss()
  }
  assert.equal(folder.ownerId(), pid)
  await store.command('ping')
  const grown = rss() - rssBefore
  t.diagnostic(`memory grown by ${Math.round(grown / 1024 ** 2)} MiB`)
  assert.ok(grown < 64 * 1024 ** 2, `the owner has grown by ${grown} bytes`)
})
