import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { slotOf } from '../src/store/engines/redis/keys.ts'
import { RedisEngine } from '../src/store/engines/redis/redis.ts'
import { Store } from '../src/store/store.ts'
import { StoreError } from '../src/store/store-error.ts'
import { startRedisCluster } from './support/redis-server.ts'
import { until } from './support/until.ts'

const timeoutMs = 3_000
const waitMs = 800
// Beside the time of the call: a second to leave the queue, and some for what there is to do.
const graceMs = 3_000
const tickMs = 50

test('a master of a cluster is killed: waits and topics end in time with an error that says so, and go on when it is back', async t => {
  const { url, nodes } = await startRedisCluster(t)
  const node = nodes[0] ?? assert.fail()
  const there = (prefix: string) => nameIn(prefix, Math.ceil(16_384 / nodes.length))
  const [work, guard, news] = [there(''), there('lock:').slice('lock:'.length), there('')]
  const [store, waiting, sending] = [openStore(t, url), openStore(t, url), openStore(t, url)]
  const heard: string[] = []
  let gaps = 0
  const ending = new AbortController()
  const topic = store.topic<string>(news).subscribe({ signal: ending.signal, onGap: () => gaps++ })
  await topic.ready
  const listening = (async () => {
    for await (const message of topic) heard.push(message)
  })()
  const held = await store.lock(guard).acquire({ ttl: '60s' })
  const forever = waiting.list<string>(work).take()
  const behind = [
    waiting.list(work).take({ timeout: `${waitMs}ms` }),
    waiting.lock(guard).acquire({ wait: `${waitMs}ms` }),
  ]
  // One that only sends: nothing tells it that a connection for listening is lost.
  await sending.topic<string>(news).publish('before')
  await until('it is heard', () => heard.includes('before'))

  await node.kill()
  const later = [
    () => store.list(work).take({ timeout: `${waitMs}ms` }),
    () => store.lock(guard).acquire({ wait: `${waitMs}ms` }),
    () => store.topic<string>(news).publish('lost'),
    () => held.release(),
  ]
  const outcomes = await Promise.all([...behind, ...later.map(begin => begin())].map(inTime))
  for (const [i, outcome] of outcomes.entries()) assert.match(outcome, /^STORE_(?:UNAVAILABLE|TIMEOUT)$/, `call ${i}`)

  await node.start()
  await until('the cluster serves again', () => store.list(work).push('element').catch(notYet))
  assert.equal(await forever, 'element')
  const next = await until('the lock is had again', () => store.lock(guard).acquire({ wait: '1s' }).catch(notYet))
  assert.equal(await next.release(), true)
  await until('who listens was told of the gap', () => gaps > 0)
  for (const [i, one] of [store, sending].entries()) {
    const again = `again ${i}`
    await until('a message is sent', () => one.topic(news).publish(again).then(isDone, notYet))
    await until('it is heard', () => heard.includes(again))
  }
  ending.abort()
  await listening
})

/** A name whose slot is below a number: the first master has it. */
function nameIn(prefix: string, slotsMax: number): string {
  for (let i = 0; ; i++) if (slotOf(Buffer.from(`${prefix}n${i}`)) < slotsMax) return `${prefix}n${i}`
}

/**
 * The code of what it ends in; it must end in time. That is counted in ticks of this process: when it stands still, so do they, and
 * the timers of the store.
 */
async function inTime(outcome: Promise<unknown>): Promise<string> {
  let ticks = 0
  const ticking = setInterval(() => ticks++, tickMs)
  const code = await outcome.then(
    value => `done: ${String(value)}`,
    error => (error instanceof StoreError ? error.code : String(error)),
  )
  clearInterval(ticking)
  assert.ok(ticks * tickMs < timeoutMs + waitMs + graceMs, `it took ${ticks * tickMs} ms`)
  return code
}

function isDone(): boolean {
  return true
}

function notYet(error: unknown): undefined {
  assert.ok(
    error instanceof StoreError && /^STORE_(?:UNAVAILABLE|TIMEOUT|LOCK_TIMEOUT)$/.test(error.code),
    String(error),
  )
}

function openStore(t: TestContext, url: string): Store {
  const engine = new RedisEngine({ url, timeoutMs })
  t.after(() => engine.close())
  return new Store(engine)
}
