import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PendingBudget, type PendingClient } from './pending-budget.ts'

interface Client extends PendingClient {
  readonly name: string
}

/** Who is cut of these. */
function cutOf(bytesMax: number, clients: readonly Client[]): string[] {
  const cut: string[] = []
  const budget = new PendingBudget(bytesMax)
  budget.add({ clients: () => clients, cut: ({ name }) => void cut.push(name) })
  budget.keep()
  return cut
}

test('the slowest are cut until the rest has room, of equals the one that holds the most', () => {
  const clients = [
    { name: 'quick', pendingBytes: 60, takeCreditMs: 900 },
    { name: 'large', pendingBytes: 50, takeCreditMs: 100 },
    { name: 'smaller', pendingBytes: 45, takeCreditMs: 100 },
  ]
  assert.deepEqual(cutOf(110, clients), ['large'])
  assert.deepEqual(cutOf(60, clients), ['large', 'smaller'])
  assert.deepEqual(cutOf(155, clients), [])
  assert.deepEqual(cutOf(0, clients), [])
})

test('who holds next to nothing is not cut for those who hold it all, however slow', () => {
  const slow = Array.from({ length: 50 }, (_, i) => ({ name: `slow ${i}`, pendingBytes: 157, takeCreditMs: 1 }))
  const hoarders = ['a', 'b', 'c'].map(name => ({ name, pendingBytes: 16_000_000, takeCreditMs: 1_500 }))
  assert.deepEqual(cutOf(40_000_000, [...slow, ...hoarders]), ['a'])
})

test('whatever they hold, the rest has room', () => {
  const held = fc.array(fc.record({ pendingBytes: fc.nat(100), takeCreditMs: fc.nat(10) }), { maxLength: 20 })
  fc.assert(
    fc.property(held, fc.integer({ min: 1, max: 500 }), (list, bytesMax) => {
      const clients = list.map((client, at) => ({ name: String(at), ...client }))
      const cut = new Set(cutOf(bytesMax, clients))
      const left = clients.filter(({ name }) => !cut.has(name)).reduce((sum, { pendingBytes }) => sum + pendingBytes, 0)
      assert.ok(left <= bytesMax, `${left} of ${bytesMax}`)
    }),
  )
})
