import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { RedisEngine } from '../src/store/engines/redis/redis.ts'
import { Store } from '../src/store/store.ts'
import { StoreError } from '../src/store/store-error.ts'
import { fairMs } from './support/busy-machine.ts'
import { startRedis } from './support/redis-server.ts'
import { root } from './support/tree.ts'
import { until } from './support/until.ts'

const kills = 3
// What `appendfsync everysec` may lose: Redis itself says up to two seconds.
const mayLoseMs = 2_000

interface Report {
  /** When each push was begun and answered, by Date.now(); null for one that failed. */
  readonly pushed: readonly ({ readonly from: number; readonly to: number } | null)[]
  readonly held: readonly { readonly token: number; readonly from: number; readonly to: number }[]
  readonly errors: Record<string, number>
  /** Of a call, in milliseconds. */
  readonly longest: number
}

test('redis-server is killed again and again: calls end, locks have one holder, topics, watches and waits go on', async t => {
  const redis = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'everysec'] })
  const store = openStore(t, redis.url)
  const workers = ['a', 'b'].map(name => startWorker(t, redis.url, name))
  await until('both have begun', async () => (await progressOf(store)).every(count => count > 0))
  const gaps: number[] = []
  const heard: number[] = []
  const changes = { count: 0 }
  const ending = new AbortController()
  const news = store.topic<number>('news').subscribe({ signal: ending.signal, onGap: () => gaps.push(Date.now()) })
  const watching = store.watch('watched', { signal: ending.signal })
  await Promise.all([news.ready, watching.ready])
  const listening = Promise.all([
    (async () => {
      for await (const message of news) heard.push(message)
    })(),
    (async () => {
      for await (const _ of watching) changes.count++
    })(),
  ])
  const waiting = openStore(t, redis.url)
  const killedAt: number[] = []
  for (let killed = 0; killed < kills; killed++) {
    const taken = waiting.list<number>('work').take()
    const before = changes.count
    killedAt.push(Date.now())
    await redis.kill()
    // Nobody hangs, and nobody is told that it was done.
    const refused = store.command('set', 'lost', 'x').catch(error => assert.ok(isStoreError(error)))
    await assert.rejects(new Store(engineOf(t, redis.url, 300)).counter('n').increment(), isStoreError)
    await redis.start()
    await refused
    await until('who listens was told of the gap', () => gaps.length > killed)
    await until('the watch was told of the gap', () => changes.count > before)
    await store.topic<number>('news').publish(killed)
    await until('a message is heard', () => heard.includes(killed))
    const told = changes.count
    await store.map<number>('watched').set('field', killed)
    await until('a change is told', () => changes.count > told)
    await store.list<number>('work').push(killed)
    assert.equal(await taken, killed)
    const written = await progressOf(store)
    await until('both write again, and the lock is held again', async () => {
      const now = await progressOf(store)
      return now.every((count, i) => count > (written[i] as number))
    })
  }
  await until('both have pushed much', async () => (await progressOf(store)).slice(0, 2).every(count => count > 100))
  ending.abort()
  await listening
  const reports = await Promise.all(workers.map(worker => worker.stop()))

  for (const [i, { pushed, errors, longest }] of reports.entries()) {
    const name = i === 0 ? 'a' : 'b'
    const there = await store.list<number>(`log:${name}`).toArray()
    assert.equal(new Set(there).size, there.length, 'a push counted twice')
    const found = new Set(there)
    const missing = pushed.flatMap((push, number) => (push === null || found.has(number) ? [] : [push]))
    // Whoever stands still hears an answer late: it was written somewhere between the two moments.
    for (const { from, to } of missing)
      assert.ok(
        killedAt.some(killed => to > killed - mayLoseMs && from <= killed),
        `${from} to ${to}`,
      )
    const codes = Object.keys(errors)
    assert.deepEqual(
      codes.filter(code => !code.startsWith('STORE_')),
      [],
    )
    assert.ok(pushed.length > 100, `only ${pushed.length} were pushed`)
    // A call may take ten seconds; what waits for the connection goes on with it.
    assert.ok(longest < fairMs(12_000), `a call took ${longest} ms`)
    t.diagnostic(
      `${pushed.length} pushes, ${missing.length} lost, longest ${Math.round(longest)} ms, ${JSON.stringify(errors)}`,
    )
  }
  const held = reports.flatMap(report => report.held).toSorted((one, other) => one.token - other.token)
  assert.ok(held.length > kills, `the lock was held ${held.length} times`)
  for (const [i, hold] of held.entries()) {
    const next = held[i + 1]
    assert.ok(!next || (hold.token < next.token && hold.to <= next.from), JSON.stringify([hold, next]))
  }
})

/** How much the workers have done. */
function progressOf(store: Store): Promise<number[]> {
  return Promise.all([store.list('log:a').length(), store.list('log:b').length(), store.counter('held').get()])
}

function isStoreError(error: unknown): boolean {
  return error instanceof StoreError && ['STORE_UNAVAILABLE', 'STORE_TIMEOUT'].includes(error.code)
}

function engineOf(t: TestContext, url: string, timeoutMs = 10_000): RedisEngine {
  const engine = new RedisEngine({ url, timeoutMs })
  t.after(() => engine.close())
  return engine
}

function openStore(t: TestContext, url: string): Store {
  return new Store(engineOf(t, url))
}

const work = `
  const report = { pushed: [], held: [], errors: {}, longest: 0 }
  let isOver = false
  process.on('SIGTERM', () => { isOver = true })
  const timed = async call => {
    const from = performance.now()
    try {
      return await call()
    } catch (error) {
      report.errors[error.code ?? String(error)] = (report.errors[error.code ?? String(error)] ?? 0) + 1
      return undefined
    } finally {
      report.longest = Math.max(report.longest, performance.now() - from)
    }
  }
  const push = async () => {
    for (let number = 0; !isOver; number++) {
      const from = Date.now()
      const length = await timed(() => list.push(number))
      report.pushed.push(length === undefined ? null : { from, to: Date.now() })
    }
  }
  const hold = async () => {
    while (!isOver) {
      await timed(async () => {
        await store.lock('guard').using({ ttl: '2s', wait: '5s' }, async handle => {
          const from = performance.timeOrigin + performance.now()
          await store.counter('held').increment()
          // Held at a moment after this one: between two looks at the clock a process may stand still.
          const to = performance.timeOrigin + performance.now()
          if (handle.isHeld) report.held.push({ token: handle.token, from, to })
        })
      })
    }
  }
  await Promise.all([push(), hold()])
  process.stdout.write(JSON.stringify(report))
  await store.close()`

interface Worker {
  stop(): Promise<Report>
}

function startWorker(t: TestContext, url: string, name: string): Worker {
  const script = `
    import { RedisEngine } from ${JSON.stringify(join(root, 'src/store/engines/redis/redis.ts'))}
    import { Store } from ${JSON.stringify(join(root, 'src/store/store.ts'))}
    const store = new Store(new RedisEngine({ url: ${JSON.stringify(url)} }))
    const list = store.list('log:${name}')
    ${work}`
  const child: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let text = ''
  child.stdout?.setEncoding('utf8').on('data', part => {
    text += part
  })
  const closed = once(child, 'close')
  t.after(() => child.kill('SIGKILL'))
  return {
    stop: async () => {
      child.kill('SIGTERM')
      await closed
      return JSON.parse(text) as Report
    },
  }
}
