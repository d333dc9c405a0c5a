import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { companionOf, keyOfCompanion, slotOf } from './keys.ts'

test('slots are those of the specification of Redis Cluster', () => {
  const slots = {
    '123456789': 12_739,
    foo: 12_182,
    '{user1000}.following': 3_443,
    user1000: 3_443,
    'foo{}{bar}': 8_363,
  }
  for (const [key, slot] of Object.entries(slots)) assert.equal(slotOf(Buffer.from(key)), slot, key)
  assert.equal(slotOf(Buffer.from('foo{{bar}}zap')), slotOf(Buffer.from('{bar')))
  assert.equal(slotOf(Buffer.alloc(0)), 0)
})

test('a companion is readable, in the slot of its key, and tells which key it is of, whatever bytes that has', () => {
  assert.equal(String(companionOf('ttl', Buffer.from('centre'))), 'saola:ttl:{centre}')
  assert.equal(String(companionOf('ttl', Buffer.from('{user:1}:cart'))), 'saola:ttl:{user:1}:{user:1}:cart')
  const braces = fc
    .uint8Array({ maxLength: 12 })
    .map(bytes => bytes.map(byte => (byte % 3 === 0 ? 0x7b + (byte % 2) * 2 : byte)))
  fc.assert(
    fc.property(braces, bytes => {
      const key = Buffer.from(bytes)
      const companion = companionOf('ttl', key)
      assert.equal(slotOf(companion), slotOf(key))
      assert.deepEqual(keyOfCompanion(companion), { kind: 'ttl', key })
    }),
    { numRuns: 1000 },
  )
  for (const name of ['saola', 'saola:ttl:centre', 'saola:ttl:{', 'saola:ttl:{a}b', 'saola:{a}']) {
    assert.equal(keyOfCompanion(Buffer.from(name)), undefined, name)
  }
})
