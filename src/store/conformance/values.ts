import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

const plain: readonly unknown[] = [
  ...[0, -0, 1, -1.5, 1e21, 1e-7, 5e-324, Number.MAX_SAFE_INTEGER, -Number.MAX_VALUE],
  ...['', 'a', 'wörld', '😀', '\0', '\ud800', '\ufffd', 'null', '0', '"'],
  ...[false, true, null, [], {}, [[]], [null], { a: null }, { '': 0 }, { a: { b: [{ c: '' }] } }],
]

const foreignToJson: readonly unknown[] = [
  ...[undefined, { a: undefined }, [undefined], { a: [{ b: undefined }] }],
  ...[Number.NaN, Number.POSITIVE_INFINITY, 1n, new Date(0), new Map(), new Set(), Buffer.from('a')],
  ...[() => 0, Symbol('a'), new (class Own {})()],
]

const structured: readonly unknown[] = [
  ...[new Date(0), new Date(Number.NaN), new Map([[{ a: 1 }, new Set([1])]]), 2n ** 70n, /a/gu, Number.NaN],
  ...[{ a: undefined }, [undefined], { a: [{ b: undefined }] }, Buffer.from([0, 255]), Float64Array.of(0.1)],
]

/** Each codec gives back what went in, or refuses it. */
export function valueConformance(open: OpenEngine): void {
  test('json gives back what went in', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map('m')
    for (const value of plain) {
      await map.set('k', value)
      assert.deepEqual(await map.get('k'), value)
      assert.ok(Object.is(await map.get('k'), value) || typeof value === 'object')
      assert.deepEqual(await map.getMany(['k', 'absent']), [value, undefined])
    }
  })

  test('json refuses what it cannot give back, and writes nothing', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map('m')
    await map.set('k', 'before')
    for (const value of foreignToJson) {
      await assert.rejects(map.set('k', value), { code: 'STORE_VALUE_INVALID' })
      await assert.rejects(map.setMany([['k', 1] as const, ['l', value] as const]), { code: 'STORE_VALUE_INVALID' })
    }
    assert.equal(await map.get('k'), 'before')
    assert.equal(await map.size(), 1)
  })

  test('structured gives back what json refuses, too', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map('m', { codec: 'structured' })
    for (const value of [...plain, ...structured]) {
      await map.set('k', value)
      assert.deepEqual(await map.get('k'), value)
    }
    await assert.rejects(map.set('k', undefined), { code: 'STORE_VALUE_INVALID' })
    await assert.rejects(
      map.set('k', () => 0),
      { code: 'STORE_VALUE_INVALID' },
    )
  })

  test('bytes come back as they are, none of them and many', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<Uint8Array>('m', { codec: 'bytes' })
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    for (const value of [Buffer.alloc(0), all, Buffer.alloc(1_000_000, all)]) {
      await map.set('k', value)
      assert.ok(value.equals((await map.get('k')) ?? assert.fail('absent')))
      assert.equal(await map.has('k'), true)
    }
    await assert.rejects(map.set('k', 'text' as never), { code: 'STORE_VALUE_INVALID' })
  })

  test('a codec of the application is used for both ways', async t => {
    const { store } = await openSubject(open, t)
    const csv = {
      name: 'csv',
      encode: (row: string[]) => row.join(','),
      decode: (bytes: Buffer) => bytes.toString().split(','),
    }
    const map = store.map<string[]>('m', { codec: csv })
    await map.set('k', ['a', 'b'])
    assert.deepEqual(await map.get('k'), ['a', 'b'])
    assert.equal((await store.map<Buffer>('m', { codec: 'bytes' }).get('k'))?.toString(), 'a,b')
  })

  test('what is stored is the value of that moment, and what is read is a copy', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<{ n: number }>('m')
    const value = { n: 1 }
    const set = map.set('k', value)
    value.n = 2
    await set
    const read = (await map.get('k')) ?? assert.fail('absent')
    assert.deepEqual(read, { n: 1 })
    read.n = 3
    assert.deepEqual(await map.get('k'), { n: 1 })

    const bytes = Buffer.from('abc')
    const setBytes = store.map<Uint8Array>('b', { codec: 'bytes' }).set('k', bytes)
    bytes.fill(0)
    await setBytes
    assert.equal((await store.map<Buffer>('b', { codec: 'bytes' }).get('k'))?.toString(), 'abc')
  })

  test('a schema checks what is written, and may change it', async t => {
    const { store } = await openSubject(open, t)
    const validate = (value: unknown) =>
      typeof value === 'number' ? { value: Math.round(value) } : { issues: [{ message: 'no number' }] }
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
    const later = { '~standard': { ...schema['~standard'], validate: async (value: unknown) => validate(value) } }
    for (const map of [store.map<number>('now', { schema }), store.map<number>('later', { schema: later })]) {
      await map.set('k', 1.4)
      assert.equal(await map.get('k'), 1)
      await assert.rejects(map.set('k', 'a' as never), { code: 'STORE_VALUE_INVALID' })
      assert.equal(await map.get('k'), 1)
    }
  })
}
