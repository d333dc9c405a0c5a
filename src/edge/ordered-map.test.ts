import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { startWork } from '../../test/support/busy-machine.ts'
import { MemoryCache } from './cache/memory.ts'
import { OrderedMap } from './ordered-map.ts'

const key = fc.constantFrom(...'abcdef')
const change = fc.record({ does: fc.constantFrom('set', 'use', 'delete', 'clear'), key, value: fc.nat(9) })

test('knows its oldest entry, like a Map whose entries are put in anew', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), changes => {
      const map = new OrderedMap<number>()
      const model = new Map<string, number>()
      for (const { does, key, value } of changes) {
        const known = model.get(key)
        assert.equal(map.get(key), known)
        if (does === 'clear') {
          map.clear()
          model.clear()
        } else if (does === 'delete') assert.equal(map.delete(key), model.delete(key))
        else if (does === 'set') map.set(key, value)
        else assert.equal(map.use(key), known)
        if (does === 'set' || (does === 'use' && known !== undefined)) {
          model.delete(key)
          model.set(key, does === 'set' ? value : (known as number))
        }
        assert.deepEqual([...map.entries()], [...model])
        assert.equal(map.size, model.size)
        const { oldest } = map
        assert.deepEqual(oldest && [oldest.key, oldest.value], [...model][0])
      }
    }),
  )
})

test('entries may be deleted while they are looked at', () => {
  const map = new OrderedMap<number>()
  for (const [at, name] of [...'abcd'].entries()) map.set(name, at)
  for (const [name] of map.entries()) if (name !== 'c') map.delete(name)
  assert.deepEqual([...map.values()], [2])
})

test('a new address in a full cache costs no more than in an empty one, by and large', () => {
  const mark = { type: 'pass', key: '', host: '', path: '', startedAt: 0, until: 1, reason: 'none' } as const
  const timeOf = (before: number) => {
    const cache = new MemoryCache(Number.MAX_SAFE_INTEGER)
    for (let i = 0; i < before; i++) cache.mark(`before ${i}`, mark)
    const work = startWork()
    for (let i = 0; i < 60_000; i++) cache.mark(`k${i}`, mark)
    return work()
  }
  timeOf(0)
  // With the order of a Map it was some hundred times as much.
  assert.ok(timeOf(100_000) < 30 * timeOf(0) + 50)
})
