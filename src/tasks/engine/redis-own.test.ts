/** What is beyond the suite of all engines: what Lua and JSON do to values, and what Redis and its connections do. */
import assert from 'node:assert/strict'
import { connect, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { fairMs, median } from '../../../test/support/busy-machine.ts'
import { type RedisServer, startRedis } from '../../../test/support/redis-server.ts'
import { until as untilTrue } from '../../../test/support/until.ts'
import { RedisEngine } from '../../store/engines/redis/redis.ts'
import { Store } from '../../store/store.ts'
import { add, done, enter, fail, newJob, take, takeOne } from './conformance/setup.ts'
import { enqueueCall, TaskEngine, taskKey } from './task-engine.ts'

interface Opened {
  readonly redis: RedisServer
  readonly engine: RedisEngine
  readonly tasks: TaskEngine
}

async function open(t: TestContext): Promise<Opened> {
  const redis = await startRedis(t)
  return { redis, ...connectTo(t, redis.url) }
}

function connectTo(t: TestContext, url: string): Pick<Opened, 'engine' | 'tasks'> {
  const engine = new RedisEngine({ url })
  t.after(() => engine.close())
  return { engine, tasks: new TaskEngine(engine) }
}

/** Between a client and Redis: what it answers can be kept back, and the connections cut. */
async function proxyTo(t: TestContext, port: number) {
  const sockets = new Set<Socket>()
  let isMute = false
  const server = createServer(client => {
    const redis = connect(port, '127.0.0.1')
    for (const socket of [client, redis]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        client.destroy()
        redis.destroy()
      })
    }
    client.on('data', data => redis.write(data))
    redis.on('data', data => isMute || client.write(data))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  t.after(() => {
    cut()
    server.close()
  })
  const address = server.address() as { port: number }
  return {
    url: `redis://127.0.0.1:${address.port}`,
    /** Redis does what is asked, and nobody hears of it. */
    mute: () => {
      isMute = true
    },
    cutAndGoOn: () => {
      isMute = false
      cut()
    },
  }
}

async function openBehindProxy(t: TestContext) {
  const redis = await startRedis(t)
  const proxy = await proxyTo(t, redis.port)
  return { redis, proxy, ...connectTo(t, proxy.url) }
}

test('what JSON and Lua could confuse comes back as it was', async t => {
  const { tasks } = await open(t)
  await enter(tasks, 'w', { queues: [] })
  assert.deepEqual((await tasks.workers())[0]?.queues, [])
  assert.deepEqual((await tasks.list({})).jobs, [])
  assert.deepEqual(await tasks.queues(), [])
  const payloads = [
    '[]',
    '{}',
    'null',
    '9007199254740993',
    '{"a":[],"b":{},"n":1e300}',
    '""',
    '"\\ud800"',
    '"/\\u0000"',
  ]
  for (const payload of payloads) {
    await add(tasks, { payload, context: {} })
    const job = await takeOne(tasks)
    assert.equal(job.payload, payload)
    assert.deepEqual(job.context, {})
    await tasks.progress('w', job, payload)
    await done(tasks, job, payload)
    const { result, progress } = (await tasks.get(job.id)) ?? {}
    assert.deepEqual([result, progress], [payload, payload])
  }
  const parent = newJob({ gather: { count: payloads.length, mode: 'all' } })
  await tasks.enqueue([parent, ...payloads.map((_, index) => newJob({ parent: { id: parent.id, index } }))])
  for (const job of await take(tasks, { free: 100 })) await done(tasks, job, payloads[job.parent?.index ?? 0])
  assert.equal((await takeOne(tasks)).payload, `[${payloads.join(',')}]`)
})

test('numbers of many digits are kept: times, tokens, and how long a job is kept', async t => {
  const { redis, tasks } = await open(t)
  await redis.ask('SET', `${taskKey}:seq`, '999999999990')
  await enter(tasks)
  const year = 365 * 86_400_000
  const ids: string[] = []
  for (let i = 0; i < 20; i++) ids.push(await add(tasks, { priority: i % 2 ? 9 : 8, resultMs: 1000 * year }))
  const jobs = await take(tasks, { free: 100 })
  assert.deepEqual(
    jobs.map(({ id }) => id),
    [...ids.filter((_, i) => i % 2 === 0), ...ids.filter((_, i) => i % 2 === 1)],
  )
  const [job] = jobs
  assert.ok(job)
  await done(tasks, job)
  const { due, finished } = (await tasks.get(job.id)) ?? {}
  assert.equal(Number(due) - Number(finished), 1000 * year)
  const { now } = await tasks.schedules()
  const { id: _, ...template } = newJob({ resultMs: 1000 * year, context: {} })
  await tasks.schedule({ name: 's', spec: '{"catchUp":[]}', job: template, next: now + 1000 * year })
  const [schedule] = (await tasks.schedules()).schedules
  assert.deepEqual(schedule, { name: 's', spec: '{"catchUp":[]}', job: template, next: now + 1000 * year })
})

test('an error whose text was cut in the middle of a letter is kept', async t => {
  const { tasks } = await open(t)
  const id = await add(tasks, { attempts: 1 })
  await enter(tasks)
  const { token } = await takeOne(tasks)
  const error = { name: 'Error', message: '\\ud800 and \u{1f98c}'.slice(0, -1), code: 'E' }
  assert.deepEqual(await tasks.fail('w', [{ id, token, error, retryMs: null }]), ['ok'])
  assert.deepEqual((await tasks.get(id))?.error, { ...error, message: '\\ud800 and \ufffd' })
})

test('scripts that Redis has forgotten are brought again, also while a claim waits', async t => {
  const { redis, tasks } = await open(t)
  await enter(tasks)
  const claim = takeOne(tasks)
  await redis.ask('SCRIPT', 'FLUSH')
  const id = await add(tasks)
  const job = await claim
  assert.equal(job.id, id)
  await redis.ask('SCRIPT', 'FLUSH')
  const more = Array.from({ length: 20 }, () => newJob())
  const answers = await Promise.all([...more.map(one => tasks.enqueue([one])), done(tasks, job)])
  assert.equal(answers.length, 21)
  assert.deepEqual(
    (await take(tasks, { free: 100 })).map(one => one.id),
    more.map(one => one.id),
  )
})

test('an enqueue whose connection is killed is sent again, and counts once', async t => {
  const { redis, tasks, proxy } = await openBehindProxy(t)
  await tasks.counts()
  proxy.mute()
  const jobs = [newJob(), newJob({ unique: { key: 'k', on: 'skip' } })]
  const enqueued = tasks.enqueue(jobs)
  await untilTrue('it is carried out', async () => (await redis.ask('ZCARD', `${taskKey}:in:ready:q`)) === ':2')
  proxy.cutAndGoOn()
  assert.deepEqual(
    (await enqueued).map(({ id, state }) => [id, state]),
    jobs.map(({ id }) => [id, 'ready']),
  )
  assert.equal((await tasks.counts()).ready, 2)
})

test('what a worker says twice because of a lost connection counts once, and is not lost', async t => {
  const { tasks } = await open(t)
  await enter(tasks)
  await tasks.enqueue([newJob(), newJob(), newJob()])
  const [one, two, three] = (await take(tasks, { free: 3 })).map(({ id, token }) => ({ id, token }))
  assert.ok(one && two && three)
  const error = { name: 'Error', message: 'm' }
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await tasks.done('w', [{ ...one, result: '1' }]), ['ok'])
    assert.deepEqual(await tasks.fail('w', [{ ...two, error, retryMs: 60_000 }]), ['ok'])
    assert.deepEqual(await tasks.giveBack('w', [three]), ['ok'])
  }
  assert.deepEqual(await tasks.done('w', [{ ...one, result: '2' }]), ['lost'])
  const { done: finished, scheduled, ready } = await tasks.counts()
  assert.deepEqual([finished, scheduled, ready], [1, 1, 1])
})

test('what a claim took whose answer was lost comes with the next try', async t => {
  const { redis, tasks, proxy } = await openBehindProxy(t)
  await enter(tasks)
  await tasks.enqueue([newJob(), newJob()])
  proxy.mute()
  const claim = take(tasks, { free: 2, timeoutMs: 10_000 })
  await untilTrue('it is carried out', async () => (await redis.ask('SCARD', `${taskKey}:active:w`)) === ':2')
  proxy.cutAndGoOn()
  const jobs = await claim
  assert.deepEqual(
    jobs.map(({ attempt }) => attempt),
    [1, 1],
  )
  for (const job of jobs) await done(tasks, job)
})

test('what a claim took that was given up before its answer came is given back', async t => {
  const { redis, tasks, proxy } = await openBehindProxy(t)
  await enter(tasks)
  await tasks.enqueue([newJob(), newJob()])
  proxy.mute()
  const controller = new AbortController()
  const claim = tasks.claim('w', { queues: ['q'], free: 2 }, { timeoutMs: 10_000, signal: controller.signal })
  await untilTrue('it is carried out', async () => (await redis.ask('SCARD', `${taskKey}:active:w`)) === ':2')
  controller.abort(new Error('given up'))
  await assert.rejects(claim, { message: 'given up' })
  proxy.cutAndGoOn()
  await untilTrue('they are ready', async () => (await redis.ask('ZCARD', `${taskKey}:ready:q`)) === ':2')
  const again = await take(tasks, { free: 2, timeoutMs: 5_000 })
  assert.deepEqual(
    again.map(({ attempt, interruptions }) => [attempt, interruptions]),
    [
      [1, 0],
      [1, 0],
    ],
  )
})

test('without any message a waiting claim looks again within about a second', async t => {
  const { redis, tasks } = await open(t)
  await redis.ask('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '&none', '+@all')
  const deaf = new RedisEngine({ url: redis.url.replace('//', '//mute:secret@') })
  t.after(() => deaf.close())
  const others = new TaskEngine(deaf)
  await enter(tasks)
  // Wake-ups of this one reach nobody: what was noted of those who wait is taken away before.
  const claim = takeOne(others)
  await untilTrue('it waits', async () => (await redis.ask('ZCARD', `${taskKey}:wanted:queue:q`)) === ':1')
  await redis.ask('DEL', `${taskKey}:wanted:queue:q`)
  const from = performance.now()
  const id = await add(tasks)
  assert.equal((await claim).id, id)
  const ms = performance.now() - from
  t.diagnostic(`after ${Math.round(ms)} ms`)
  assert.ok(ms < fairMs(3_000), String(ms))
})

test('who may not publish enqueues all the same', async t => {
  const { redis, tasks } = await open(t)
  await redis.ask('ACL', 'SETUSER', 'mute', 'on', '>secret', '~*', '&none', '+@all')
  const mute = new RedisEngine({ url: redis.url.replace('//', '//mute:secret@') })
  t.after(() => mute.close())
  await enter(tasks)
  const claim = takeOne(tasks)
  await untilTrue('it waits', async () => (await redis.ask('ZCARD', `${taskKey}:wanted:queue:q`)) === ':1')
  const id = await add(new TaskEngine(mute))
  assert.equal((await claim).id, id)
})

test('orders are told at once, also behind others whose time was over', async t => {
  const { tasks } = await open(t)
  await enter(tasks)
  const took: number[] = []
  for (let round = 0; round < 5; round++) {
    const id = await add(tasks)
    await takeOne(tasks)
    for (let i = 0; i < 5; i++) assert.deepEqual(await tasks.orders('w', 60_000, { timeoutMs: 10 }), { cancel: [] })
    const orders = tasks.orders('w', 60_000, { timeoutMs: 10_000 })
    // It is noted that it waits.
    await tasks.counts()
    await tasks.counts()
    const from = performance.now()
    const [, told] = await Promise.all([tasks.cancel(id), orders])
    took.push(performance.now() - from)
    assert.deepEqual(told, { cancel: [id] })
  }
  // Who is not told asks each second.
  assert.ok(median(took) < fairMs(300), String(took))
})

test('jobs of a transaction are enqueued with its other writes, or none is', async t => {
  const { engine, tasks } = await open(t)
  const store = new Store(engine)
  const [one, two, three] = [newJob(), newJob({ queue: 'r' }), newJob()]
  const [first, , second] = (await engine.transaction(
    [],
    [enqueueCall([one, two]), ['set', 'a', '1'], enqueueCall([three])],
  )) as readonly Buffer[]
  assert.deepEqual(
    JSON.parse(String(first)).map(({ id }: { id: string }) => id),
    [one.id, two.id],
  )
  assert.deepEqual(JSON.parse(String(second)), [{ id: three.id, state: 'ready', isNew: true }])
  assert.deepEqual((await tasks.counts()).ready, 3)
  // One that is wrong.
  await engine.call(['rpush', 'list', '1'])
  const wrong = engine.transaction([], [enqueueCall([newJob()]), ['incr', 'list'], ['set', 'a', '2']])
  await assert.rejects(wrong, { code: 'STORE_WRONG_TYPE' })
  const bad = engine.transaction(
    [],
    [['set', 'a', '3'], enqueueCall([newJob()]), enqueueCall([newJob({ priority: 11 })])],
  )
  await assert.rejects(bad, { code: 'STORE_ARGUMENT_INVALID' })
  assert.equal((await tasks.counts()).ready, 3)
  assert.equal(String(await store.command('get', 'a')), '1')
  const raced = engine.transaction([{ call: ['get', 'a'], reply: Buffer.from('0') }], [enqueueCall([newJob()])])
  assert.equal(await raced, undefined)
  assert.equal((await tasks.counts()).ready, 3)
})

test('a full Redis refuses an enqueue and keeps what it has; workers go on', async t => {
  const { redis, tasks } = await open(t)
  await enter(tasks)
  await tasks.enqueue(Array.from({ length: 100 }, () => newJob({ payload: JSON.stringify('x'.repeat(1000)) })))
  await redis.ask('CONFIG', 'SET', 'maxmemory', '1mb')
  await assert.rejects(add(tasks), { code: 'STORE_FULL' })
  assert.equal((await tasks.counts()).ready, 100)
  const waiting = tasks.orders('w', 60_000, { timeoutMs: 50 })
  await fail(tasks, await takeOne(tasks))
  await done(tasks, await takeOne(tasks), '1')
  assert.deepEqual(await waiting, { cancel: [] })
  await enter(tasks, 'x')
  assert.deepEqual(await tasks.orders('x', 60_000, { timeoutMs: 10 }), { cancel: [] })
  await redis.ask('CONFIG', 'SET', 'maxmemory', '0')
  assert.equal((await take(tasks, { free: 1000 })).length, 99)
})

test('what was enqueued outlives a Redis with a journal that is killed, and who waits goes on waiting', async t => {
  const redis = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  const engine = new RedisEngine({ url: redis.url })
  t.after(() => engine.close())
  const tasks = new TaskEngine(engine)
  await enter(tasks)
  const first = await takeOneOf(tasks)
  const claim = tasks.claim('w', { queues: ['later'], free: 1 }, { timeoutMs: 20_000 })
  const orders = tasks.orders('w', 60_000, { timeoutMs: 20_000 })
  await redis.kill()
  await redis.start()
  const id = await add(tasks, { queue: 'later' })
  assert.equal((await claim)?.[0]?.id, id)
  assert.equal(await tasks.cancel(first.id), 'asked')
  assert.deepEqual(await orders, { cancel: [first.id] })
  assert.deepEqual(await tasks.done('w', [{ ...first, result: '1' }]), ['ok'])
})

async function takeOneOf(tasks: TaskEngine): Promise<{ id: string; token: number }> {
  await add(tasks)
  const { id, token } = await takeOne(tasks)
  return { id, token }
}

test('all that is stored lies below one key', async t => {
  const { redis, tasks } = await open(t)
  await enter(tasks)
  await tasks.enqueue([newJob(), newJob({ unique: { key: 'k', on: 'skip' }, limit: { key: 'l', max: 1 } })])
  for (const job of await take(tasks, { free: 2 })) await done(tasks, job)
  const keys = (await redis.askAll(['EVAL', "return table.concat(redis.call('KEYS', '*'), ' ')", '0'])).split('\r\n')[1]
  for (const key of String(keys).split(' ')) assert.ok(key.startsWith('{saola:tasks}:'), key)
})
