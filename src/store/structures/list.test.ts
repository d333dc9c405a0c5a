import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Call, CallOptions } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreList } from './list.ts'

function open() {
  const clock = { now: 1_000_000 }
  const engine = new MemoryEngine({ now: () => clock.now })
  const list = new StoreList<unknown>(engine, 'jobs')
  const passMs = (ms: number) =>
    engine.moveClock(() => {
      clock.now += ms
    })
  return { engine, list, passMs }
}

test('a request that was given up before it was carried out takes nothing, and keeps nobody from it', async () => {
  const { engine, list } = open()
  const givenUp = engine.call(['saola.list.take', 'jobs', 'LEFT', 0, 'one'])
  const next = list.take()
  assert.equal(await engine.call(['saola.list.return', 'jobs', 'LEFT', 'one']), 0)
  await list.push('a')
  assert.equal(await givenUp, null)
  assert.equal(await next, 'a')
})

test('what was taken for somebody who has given up just then is put back', async () => {
  // As when the connection breaks behind the request.
  class Losing extends MemoryEngine {
    override async wait(...args: Parameters<MemoryEngine['wait']>): Promise<Reply> {
      await super.wait(...args)
      throw new Error('lost')
    }
  }
  const list = new StoreList(new Losing(), 'jobs')
  await list.push('a', 'b')
  await assert.rejects(list.take(), /lost/)
  assert.deepEqual(await list.slice(), ['a', 'b'])
})

test('a request takes once, however often it is sent, until it has arrived', async () => {
  const { engine, list, passMs } = open()
  await list.push(1, 2, 3)
  const take = (request: string) => {
    const taken = engine.call(['saola.list.take', 'jobs', 'LEFT', 1, request])
    passMs(1)
    return taken.then(String)
  }
  assert.equal(await take('one'), '1')
  assert.equal(await take('one'), '1')
  await engine.call(['saola.list.taken', 'jobs', 'one'])
  assert.equal(await take('one'), '2')
  passMs(10 * 60_000)
  // The next one clears away what nobody has asked for.
  assert.equal(await take('two'), '3')
  assert.equal(await take('one'), 'null')
  await list.push(4)
  await engine.call(['saola.list.return', 'jobs', 'LEFT', 'three'])
  assert.equal(await take('three'), 'null')
  assert.equal(await list.length(), 1)
})

test('what has arrived is not kept', async () => {
  const calls: string[] = []
  class Noting extends MemoryEngine {
    override call(call: Call, options?: CallOptions) {
      calls.push(call[0])
      return super.call(call, options)
    }
  }
  const list = new StoreList(new Noting(), 'jobs')
  await list.push('a')
  assert.equal(await list.take(), 'a')
  assert.deepEqual(calls, ['rpush', 'saola.list.taken'])
})
