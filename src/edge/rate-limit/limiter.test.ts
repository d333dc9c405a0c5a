import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import type { Clock } from '../../base/clock.ts'
import { MemoryEngine } from '../../store/engines/memory.ts'
import { Store } from '../../store/store.ts'
import { Bucket, type Refusal } from './bucket.ts'
import { Limiter } from './limiter.ts'
import { LocalTokens } from './local-tokens.ts'
import { parseRate } from './rate.ts'
import { SharedTokens, StoreLine, type TokenStore } from './shared-tokens.ts'

const here = () => false

class FakeClock implements Clock {
  ms = 1_000_000
  now = () => this.ms
  date = () => new Date(this.ms)
}

function local(text: string, burst: number, { delayMs = 0, maxKeys = 100_000 } = {}) {
  const clock = new FakeClock()
  const rate = parseRate(text, burst)
  const source = new LocalTokens(rate, clock)
  return { clock, limiter: new Limiter({ source, rate, clock, delayMs, maxKeys, sharers: 1 }) }
}

function countAdmitted(limiter: Limiter, requests: number, key = 'k'): number {
  let admitted = 0
  for (let i = 0; i < requests; i++) if (limiter.admit(key, here) === undefined) admitted++
  return admitted
}

test('a burst goes through at once, then what the rate allows, without a promise', () => {
  const { clock, limiter } = local('10/s', 5)
  assert.equal(countAdmitted(limiter, 20), 5)
  const refusal = limiter.admit('k', here) as Refusal
  assert.equal(refusal.retryAfterMs, 100)
  clock.ms += 99
  assert.equal(countAdmitted(limiter, 20), 0)
  clock.ms += 1
  assert.equal(countAdmitted(limiter, 20), 1)
  clock.ms += 250
  assert.equal(countAdmitted(limiter, 20), 2)
  clock.ms += 10_000
  assert.equal(countAdmitted(limiter, 20), 5)
})

test('keys do not know of each other, and no more of them are remembered than allowed', () => {
  const { limiter } = local('1/h', 1, { maxKeys: 100_000 })
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < 150_000; i++) limiter.admit(`i10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, here)
  assert.equal(limiter.size, 100_000)
  assert.ok(process.memoryUsage().heapUsed - before < 120e6)
  // The youngest are still known.
  assert.ok(limiter.admit('i10.2.73.239', here))
})

test('a token that another rule did not need is there for the next request', () => {
  const { limiter } = local('1/h', 1)
  assert.equal(limiter.admit('k', here), undefined)
  limiter.giveBack('k')
  assert.equal(limiter.admit('k', here), undefined)
  assert.ok(limiter.admit('k', here))
})

test('with a delay requests wait for their turn, in their order, and too many are refused at once', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { clock, limiter } = local('10/s', 1, { delayMs: 350 })
  const done: string[] = []
  let isGone = false
  const send = (name: string, gone = here) => {
    const outcome = limiter.admit('k', gone)
    if (outcome instanceof Promise) void outcome.then(refusal => done.push(refusal ? `${name} refused` : name))
    else done.push(outcome ? `${name} refused` : name)
  }
  for (const name of ['a', 'b']) send(name)
  send('gone', () => isGone)
  for (const name of ['c', 'd', 'e']) send(name)
  await turn()
  // There is room for the turns of 100, 200 and 300 ms.
  assert.deepEqual(done, ['a', 'd refused', 'e refused'])
  isGone = true
  for (let i = 0; i < 2; i++) {
    clock.ms += 100
    t.mock.timers.tick(101)
    await turn()
  }
  assert.deepEqual(done.slice(3), ['gone', 'b', 'c'])
  // Nobody's turn was lost: c had that of the one who has left.
  assert.equal(clock.ms, 1_000_200)
})

test('without an answer of the store each worker has its part, and says so once', async () => {
  const events: string[] = []
  const clock = new FakeClock()
  const log = Object.fromEntries(
    ['debug', 'info', 'warn', 'error'].map(l => [l, (event: string) => events.push(event)]),
  )
  let isBroken = true
  const asked: string[] = []
  const store = {
    command: async (name: string) => {
      asked.push(name)
      if (isBroken) throw new Error('away')
      return [1, 9, 0]
    },
  } as unknown as TokenStore
  const services = { clock, log: log as never, workers: 4, openStore: async () => store as Store }
  const rate = parseRate('8/s', 8)
  const source = new SharedTokens(new StoreLine(services), { rate, prefix: 'p:', services })
  const limiter = new Limiter({ source, rate, clock, delayMs: 0, maxKeys: 10, sharers: 4 })
  const outcomes = []
  for (let i = 0; i < 10; i++) outcomes.push(await limiter.admit('k', here))
  // Nobody knows what of the burst is left: one token of it for a key that was not asked for before.
  assert.equal(outcomes.filter(refusal => !refusal).length, 1)
  assert.deepEqual([events, asked.length], [['edge.rate-limit.alone'], 1])
  clock.ms += 999
  assert.equal(await limiter.admit('k', here), undefined)
  clock.ms += 1
  isBroken = false
  assert.equal(await limiter.admit('k', here), undefined)
  assert.deepEqual(events, ['edge.rate-limit.alone', 'edge.rate-limit.shared'])
  await limiter.close()
})

test('what a worker took while the store was away it pays for when that is back', async () => {
  const clock = new FakeClock()
  const store = new Store(new MemoryEngine({ now: () => clock.ms }))
  let isAway = false
  const command: Store['command'] = (...call) => (isAway ? Promise.reject(new Error('away')) : store.command(...call))
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const services = { clock, log, workers: 2, openStore: async () => ({ command }) as unknown as Store }
  const rate = parseRate('20/s', 100)
  const source = new SharedTokens(new StoreLine(services), { rate, prefix: 'd:', services })
  const limiter = new Limiter({ source, rate, clock, delayMs: 0, maxKeys: 10, sharers: 2 })
  const admitted = async () => {
    let count = 0
    for (let i = 0; i < 200; i++) if (!(await limiter.admit('k', here))) count++
    return count
  }
  assert.equal(await admitted(), 100)
  isAway = true
  let alone = 0
  for (let second = 0; second < 5; second++) {
    clock.ms += 1000
    alone += await admitted()
  }
  // Its half of the rate. Meanwhile the bucket of the store has filled to the brim.
  assert.ok(alone >= 40 && alone <= 50, String(alone))
  isAway = false
  clock.ms += 1000
  const back = await admitted()
  assert.ok(back <= 100 - alone + 20, `${back} behind ${alone}`)
  await limiter.close()
  await store.close()
})

test('a store that goes and comes back gives no burst away twice', async () => {
  const phase = fc.record({
    isAway: fc.boolean(),
    steps: fc.integer({ min: 1, max: 60 }),
    workers: fc.subarray([0, 1]),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(phase, { minLength: 2, maxLength: 8 }), async phases => {
      const clock = new FakeClock()
      const store = new Store(new MemoryEngine({ now: () => clock.ms }))
      let isAway = false
      const command: Store['command'] = (...call) =>
        isAway ? Promise.reject(new Error('away')) : store.command(...call)
      const log = { debug() {}, info() {}, warn() {}, error() {} }
      const services = { clock, log, workers: 2, openStore: async () => ({ command }) as unknown as Store }
      const rate = parseRate('20/s', 100)
      const limiters = [0, 1].map(() => {
        const source = new SharedTokens(new StoreLine(services), { rate, prefix: 'p:', services })
        return new Limiter({ source, rate, clock, delayMs: 0, maxKeys: 10, sharers: 2 })
      })
      const startedAt = clock.ms
      let outages = 0
      let admitted = 0
      for (const { steps, workers, ...phase } of phases) {
        if (phase.isAway && !isAway) outages++
        isAway = phase.isAway
        for (let step = 0; step < steps; step++) {
          clock.ms += 100
          for (const worker of workers) {
            for (let i = 0; i < 55; i++) if (!(await (limiters[worker] as Limiter).admit('k', here))) admitted++
          }
          const most = 100 + (20 * (clock.ms - startedAt)) / 1000
          // At hand; and of each outage first tokens, and what one has taken alone, if the other saw the store first and took
          // what had come in there: the one pays for it when it is asked again, and may not be asked before the next outage.
          assert.ok(admitted <= most + 12 + outages * (50 + 2), `${admitted} of ${most} with ${outages} outages`)
        }
      }
      isAway = false
      await Promise.all(limiters.map(limiter => limiter.close()))
      await store.close()
    }),
    { numRuns: 30 },
  )
})

test('a key in use is decided at once, and all workers together get no more than the rate and what lay at hand', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 100 }),
      fc.integer({ min: 1, max: 200 }),
      fc.array(fc.record({ worker: fc.nat(2), requests: fc.nat(30), afterMs: fc.nat(400) }), { maxLength: 40 }),
      async (perSecond, burst, steps) => {
        const world = shared(`${perSecond}/s`, burst, 3)
        const admitted: { at: number; count: number }[] = []
        for (const { worker, requests, afterMs } of steps) {
          world.pass(afterMs)
          const limiter = world.limiters[worker] as Limiter
          const outcomes = await Promise.all(Array.from({ length: requests }, () => limiter.admit('k', here)))
          admitted.push({ at: world.clock.ms, count: outcomes.filter(refusal => !refusal).length })
        }
        const atHandMax = 3 * Math.max(1, Math.floor(burst / 24))
        for (let from = 0; from < admitted.length; from++) {
          let sum = 0
          for (let to = from; to < admitted.length; to++) {
            sum += admitted[to]?.count ?? 0
            const ms = (admitted[to]?.at ?? 0) - (admitted[from]?.at ?? 0)
            assert.ok(sum <= burst + (perSecond * ms) / 1000 + atHandMax, `${sum} in ${ms} ms`)
          }
        }
        await world.close()
      },
    ),
    { numRuns: 30 },
  )
})

test('a key that is asked for steadily costs no round trip, and what is not used goes back', async t => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const world = shared('1000/s', 800, 4)
  const limiter = world.limiters[0] as Limiter
  let waited = 0
  for (let i = 0; i < 500; i++) {
    const outcome = limiter.admit('k', here)
    if (outcome instanceof Promise) waited++
    assert.equal(await outcome, undefined)
    await turn()
    world.pass(2)
  }
  assert.ok(waited <= 6, `${waited} of 500 waited`)
  assert.ok(world.asked() < 100, `${world.asked()} questions for 500 requests`)
  world.pass(1_000)
  t.mock.timers.tick(1_000)
  await turn()
  assert.equal(world.returned(), 1)
  await world.close()
})

test('what lies at hand while the others come back is no more than an eighth of the burst', async () => {
  const world = shared('1000/s', 240, 3)
  for (let i = 0; i < 600; i++) {
    assert.equal(await world.limiters[i % 3]?.admit('k', here), undefined)
    await turn()
    world.pass(2)
  }
  // All tokens are in the store again, and those at hand are still good.
  world.pass(400)
  const requests = Array.from({ length: 900 }, (_, i) => world.limiters[i % 3]?.admit('k', here))
  const admitted = (await Promise.all(requests)).filter(refusal => !refusal).length
  assert.ok(admitted >= 240 && admitted <= 240 + 30, `${admitted}`)
  assert.ok(admitted > 240, 'nothing lay at hand: the test shows nothing')
  await world.close()
})

test('two workers that are asked in turn give away all tokens of a burst', async () => {
  const world = shared('1/h', 6, 2)
  const outcomes = []
  for (let i = 0; i < 12; i++) outcomes.push(await world.limiters[i % 2]?.admit('k', here))
  assert.equal(outcomes.filter(refusal => !refusal).length, 6)
  assert.ok((outcomes.at(-1)?.retryAfterMs ?? 0) > 3_000_000)
  await world.close()
})

test('one of the last tokens may lie with a worker while another refuses; of three none is taken ahead', async () => {
  const admit = async (burst: number, turns: readonly number[]) => {
    const world = shared('1/h', burst, 2)
    const letters = []
    for (const index of turns) letters.push((await world.limiters[index]?.admit('k', here)) ? '-' : '+')
    await world.close()
    return letters.join('')
  }
  assert.equal(await admit(6, [0, 0, 0, 1, 1, 1, 0]), '+++++-+')
  for (let order = 0; order < 32; order++) {
    const turns = [0, 1, 2, 3, 4].map(bit => (order >> bit) & 1)
    assert.equal(await admit(3, turns), '+++--', String(turns))
  }
})

test('what the store keeps of a bucket takes less than 300 bytes', () => {
  assert.ok(JSON.stringify(new Bucket('k')).length < 300)
})

/** Several workers with one store, and the time of all. */
function shared(text: string, burst: number, workers: number) {
  const clock = new FakeClock()
  const engine = new MemoryEngine({ now: () => clock.ms })
  const names: string[] = []
  const store = new Store(engine)
  const watched = {
    command: (name: string, ...args: (string | number)[]) => {
      names.push(name)
      return store.command(name, ...args)
    },
  } as unknown as Store
  const rate = parseRate(text, burst)
  const services = { clock, log: console as never, workers, openStore: async () => watched }
  const limiters = Array.from({ length: workers }, () => {
    const source = new SharedTokens(new StoreLine(services), { rate, prefix: 'r:', services })
    return new Limiter({ source, rate, clock, delayMs: 0, maxKeys: 100, sharers: workers })
  })
  const countOf = (name: string) => names.filter(each => each === name).length
  return {
    clock,
    limiters,
    pass: (ms: number) => engine.moveClock(() => (clock.ms += ms)),
    asked: () => countOf('saola.ratelimit.take'),
    returned: () => countOf('saola.ratelimit.return'),
    close: async () => {
      for (const limiter of limiters) await limiter.close()
      await store.close()
    },
  }
}
