import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StoreError } from '../store-error.ts'
import type { StoreList } from '../structures/list.ts'
import { type OpenEngine, openSubject, type Subject } from './setup.ts'

interface Given {
  readonly list: StoreList<unknown>
  readonly array: unknown[]
  readonly subject: Subject
}

/** What a list answers, and what an array answers. */
type Act = (given: Given) => Promise<[unknown, unknown]>

const value = fc.oneof(fc.nat(5), fc.constantFrom<unknown>('a', 'b', '', false, null, -1.5))
const values = fc.array(value, { maxLength: 4 })
const index = fc.integer({ min: -12, max: 12 })

const changes: readonly fc.Arbitrary<Act>[] = [
  values.map(given => async ({ list, array }) => [await list.push(...given), array.push(...given)]),
  values.map(given => async ({ list, array }) => [await list.unshift(...given), array.unshift(...given)]),
  fc.constant(async ({ list, array }) => [await list.pop(), array.pop()]),
  fc.constant(async ({ list, array }) => [await list.shift(), array.shift()]),
  fc.constant(async ({ list, array }) => [await list.reverse(), void array.reverse()]),
  fc.constant(async ({ list, array }) => [await list.clear(), void array.splice(0)]),
  fc.constant(async given => [await takeInTime(given), given.array.shift()]),
  fc.boolean().map(descending => async ({ list, array }) => [
    await list.sort({ descending }),
    void sortByBytes(array, descending),
  ]),
  fc.tuple(value, fc.integer({ min: -2, max: 2 })).map(([given, count]) => async ({ list, array }) => [
    await list.remove(given, count),
    removeFrom(array, given, count),
  ]),
  fc.tuple(index, value).map(([at, given]) => async ({ list, array }) => {
    const isThere = array.at(at) !== undefined
    if (isThere) array.splice(at, 1, given)
    const set = list.set(at, given).then(
      () => true,
      ({ code }) => code !== 'STORE_ARGUMENT_INVALID',
    )
    return [await set, isThere]
  }),
  fc.tuple(index, index, values).map(([start, count, given]) => async ({ list, array }) => [
    await list.splice(start, count, ...given),
    array.splice(start, count, ...given),
  ]),
  index.map(start => async ({ list, array }) => [await list.splice(start), array.splice(start)]),
  fc.tuple(index, values).map(([at, given]) => async ({ list, array }) => [
    await list.insert(at, ...given),
    void array.splice(at, 0, ...given),
  ]),
]

const reads: readonly fc.Arbitrary<Act>[] = [
  fc.constant(async ({ list, array }) => [await list.toArray(), [...array]]),
  index.map(at => async ({ list, array }) => [await list.at(at), array.at(at)]),
  index.map(at => async ({ list, array, subject: { engine } }) => [
    engine.canReadNow && list.peekAt(at),
    engine.canReadNow && array.at(at),
  ]),
  value.map(given => async ({ list, array }) => [await list.indexOf(given), array.indexOf(given)]),
  value.map(given => async ({ list, array }) => [await list.lastIndexOf(given), array.lastIndexOf(given)]),
  value.map(given => async ({ list, array }) => [await list.includes(given), array.includes(given)]),
  fc.tuple(index, index).map(([start, end]) => async ({ list, array }) => [
    await list.slice(start, end),
    array.slice(start, end),
  ]),
]

/** Any mixture of calls has the same answers and the same end as with an array. */
export function listModelConformance(open: OpenEngine): void {
  test('a list does what an array does', async t => {
    const subject = await openSubject(open, t)
    const acts = fc.array(fc.oneof(...changes, ...reads), { maxLength: 30 })
    let runs = 0
    const property = fc.asyncProperty(acts, async acts => {
      const given = { list: subject.store.list<unknown>(`l${runs++}`), array: [], subject }
      for (const act of acts) {
        const [got, expected] = await act(given)
        assert.deepEqual(got, expected)
        assert.deepEqual(await given.list.slice(), given.array)
        assert.equal(await given.list.length(), given.array.length)
      }
    })
    await fc.assert(property, { numRuns: subject.runs })
  })
}

/** Waits for 5 ms if there is nothing, and they pass. */
async function takeInTime({ list, array, subject }: Given): Promise<unknown> {
  if (array.length > 0) return list.take({ timeout: '1h' })
  const taken = list.take({ timeout: '5ms' }).catch((error: StoreError) => {
    // A busy machine has no answer by then.
    assert.equal(error.code, 'STORE_TIMEOUT')
  })
  await subject.pass(5)
  return taken
}

function removeFrom(array: unknown[], value: unknown, count: number): number {
  const found = [...array.keys()].filter(i => array[i] === value)
  const gone = count === 0 ? found : count > 0 ? found.slice(0, count) : found.slice(count)
  for (const i of gone.toReversed()) array.splice(i, 1)
  return gone.length
}

/** Numbers first, by their value; else by the bytes of their JSON. */
function sortByBytes(array: unknown[], descending: boolean): void {
  const order = (a: unknown, b: unknown) => {
    if (typeof a === 'number' && typeof b === 'number') return a - b
    if (typeof a === 'number' || typeof b === 'number') return typeof a === 'number' ? -1 : 1
    return Buffer.compare(Buffer.from(JSON.stringify(a)), Buffer.from(JSON.stringify(b)))
  }
  array.sort((a, b) => (descending ? order(b, a) : order(a, b)))
}
