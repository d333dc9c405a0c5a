import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Call, CallOptions, Engine } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { Lock } from './lock.ts'

/** An engine whose renewals fail as long as `isBroken`. */
function breakable(engine: MemoryEngine) {
  const renewals: string[] = []
  const state = { isBroken: true, renewals }
  const broken = new Proxy(engine, {
    get(target, name) {
      if (name === 'call') {
        return async (call: Call, options?: CallOptions): Promise<Reply> => {
          if (call[0] === 'saola.lock.renew') renewals.push(call[0])
          if (call[0] === 'saola.lock.renew' && state.isBroken) throw new StoreError('STORE_UNAVAILABLE', 'away')
          return target.call(call, options)
        }
      }
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  }) as Engine
  return { broken, state }
}

test('who could not renew the lease in time has lost the lock, and not before', async () => {
  const { broken, state } = breakable(new MemoryEngine())
  // Where a busy machine is slow to answer, the lock is renewed before it is handed over.
  state.isBroken = false
  const handle = await new Lock(broken, 'report').acquire({ ttl: '2s' })
  state.isBroken = true
  await once(handle.signal, 'abort')
  assert.ok(state.renewals.length > 1, 'tried again')
})

test('a lock that was waited for longer than its lease is held for a whole lease', async () => {
  const engine = new MemoryEngine()
  const first = await new Lock(engine, 'report').acquire()
  const { broken, state } = breakable(engine)
  state.isBroken = false
  const waiting = new Lock(broken, 'report').acquire({ ttl: '3s' })
  // Longer than the third of the lease for which it is known when that began.
  const over = await new Lock(engine, 'other').acquire({ ttl: '1200ms', renew: false })
  await once(over.signal, 'abort')
  await first.release()
  const handle = await waiting
  assert.ok(handle.isHeld)
  assert.ok(state.renewals.length > 0)
  await handle.release()
})
