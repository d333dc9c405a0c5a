import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { StoreError } from '../store-error.ts'
import { jsonCodec } from './json.ts'
import { structuredCodec } from './structured.ts'

function roundTrip(value: unknown): unknown {
  return structuredCodec.decode(Buffer.from(structuredCodec.encode(value)))
}

function refuses(value: unknown, message: string): void {
  assert.throws(() => structuredCodec.encode(value), {
    name: 'StoreError',
    code: 'STORE_VALUE_INVALID',
    message: `The codec "structured" cannot hold ${message}.`,
  })
}

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withBoxedValues: true,
  maxDepth: 4,
})

describe('a value written as structured clone', () => {
  it('comes back as it went in', () => {
    const values: unknown[] = [
      ...[0, -0, '', false, null, [], {}, Number.NaN, Number.POSITIVE_INFINITY, 7n, -(2n ** 200n), 'é€😀', '\ud800'],
      ...[new Date(0), new Date(Number.NaN), /a\/b/giu, { a: undefined }, [undefined], new Array(3)],
      ...[
        new Map<unknown, unknown>([
          ['a', new Set([1])],
          [{ b: 1 }, null],
        ]),
        new Set([new Map()]),
      ],
      ...[Buffer.from('abc'), Uint8Array.of(1, 2), Float64Array.of(0.5), BigInt64Array.of(-1n), Float16Array.of(2)],
      ...[new ArrayBuffer(3), new DataView(new ArrayBuffer(8), 2, 3), Object(1n), new String('ab')],
      Object.assign([1], { index: 0 }),
    ]
    for (const value of values) assert.deepEqual(roundTrip(value), value)
  })

  it('may hold errors, with message, stack and cause', () => {
    const error = new TypeError('no', { cause: new Map([[1, 2]]) })
    const read = roundTrip({ error }) as { error: TypeError }
    assert.ok(read.error instanceof TypeError)
    assert.deepEqual([read.error.message, read.error.stack, read.error.cause], ['no', error.stack, new Map([[1, 2]])])
  })

  it('may be a cycle, and keeps what is shared', () => {
    const value: Record<string, unknown> = { list: [1] }
    value.self = value
    value.map = new Map([[value.list, value]])
    const read = roundTrip(value) as { self: unknown; list: unknown; map: Map<unknown, unknown> }
    assert.equal(read.self, read)
    assert.equal(read.map.get(read.list), read)
  })

  it('gives arrays of bytes that share memory with nothing else', () => {
    const encoded = structuredCodec.encode([Uint8Array.of(1, 2), new DataView(new ArrayBuffer(2)), Buffer.from('a')])
    const [bytes, view, buffer] = structuredCodec.decode(encoded) as [Uint8Array, DataView, Buffer]
    assert.deepEqual([bytes.buffer.byteLength, view.buffer.byteLength], [2, 2])
    encoded.fill(0)
    assert.deepEqual([[...bytes], buffer.toString()], [[1, 2], 'a'])
  })

  it('comes back deep-equal, whatever it is', () => {
    fc.assert(
      fc.property(anything, value => {
        let bytes: Buffer
        try {
          bytes = structuredCodec.encode(value)
        } catch (error) {
          assert.ok(error instanceof StoreError && error.code === 'STORE_VALUE_INVALID')
          assert.ok(value === undefined || /__proto__/.test(error.message), error.message)
          return
        }
        assert.deepEqual(structuredCodec.decode(bytes), value)
      }),
    )
  })
})

describe('what structured clone would lose is refused with its place', () => {
  class User {}

  it('undefined, because it means that a key is absent', () => {
    refuses(undefined, 'the value: undefined (it means absent: delete the key)')
  })

  it('functions, symbols, and what belongs to this process', () => {
    refuses({ a: [() => 1] }, 'a[0]: a function (store what it is made from)')
    refuses([Symbol('a')], '[0]: a symbol (use a text)')
    refuses({ user: Promise.resolve() }, 'user: a Promise (await it first)')
    refuses([new WeakMap()], '[0]: an instance of WeakMap (store a plain object of its data)')
    refuses(new SharedArrayBuffer(1), 'the value: an instance of SharedArrayBuffer (store a plain object of its data)')
  })

  it('instances of classes, also inside of maps, sets and errors', () => {
    const hint = 'an instance of User (store a plain object of its data)'
    refuses(new User(), `the value: ${hint}`)
    refuses({ byName: new Map([['a b', { x: new User() }]]) }, `byName.get("a b").x: ${hint}`)
    refuses(new Map([[1, new User()]]), `values()[0]: ${hint}`)
    refuses({ m: new Map([[new User(), 1]]) }, `m.keys()[0]: ${hint}`)
    refuses([new Set([1, new User()])], `[0].values()[1]: ${hint}`)
    refuses([new Error('x', { cause: [new User()] })], `[0].cause[0]: ${hint}`)
    refuses(Object.assign([], { user: new User() }), `user: ${hint}`)
    refuses(new (class Ages extends Map {})(), 'the value: an instance of Ages (store a plain object of its data)')
    refuses(new (class Rows extends Array {})(), 'the value: an instance of Rows (store a plain object of its data)')
  })

  it('properties that do not come back', () => {
    const lost = 'a property that would be lost here (store a plain object of the data)'
    refuses(Object.assign(new Error('x'), { code: 'ENOENT' }), `code: ${lost}`)
    refuses([Object.assign(new Map(), { size2: 1 })], `[0].size2: ${lost}`)
    refuses(
      {
        get a() {
          return 1
        },
      },
      'a: a getter or setter (store the value that it gives)',
    )
    refuses({ a: { [Symbol('id')]: 1 } }, 'a[Symbol(id)]: a property named by a symbol (use a text as its name)')
  })

  it('what is too deep, and what only V8 refuses', () => {
    let deep: unknown[] = []
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.throws(() => structuredCodec.encode(deep), /nested deeper than 500 levels/)
    const buffer = new ArrayBuffer(4)
    structuredClone(buffer, { transfer: [buffer] })
    assert.throws(() => structuredCodec.encode([buffer]), { code: 'STORE_VALUE_INVALID', message: /see the cause/ })
  })
})

describe('bytes that are no structured clone', () => {
  function decodesOrIsUnreadable(bytes: Uint8Array): void {
    try {
      structuredCodec.decode(Buffer.from(bytes))
    } catch (error) {
      assert.ok(error instanceof StoreError && error.code === 'STORE_VALUE_UNREADABLE', String(error))
    }
  }

  it('are unreadable: JSON, nothing, a wrong version, and half of a value', () => {
    const whole = structuredCodec.encode({ a: new Date() })
    const json = Buffer.from(jsonCodec.encode({ a: 1 }))
    for (const bytes of [
      json,
      Buffer.alloc(0),
      Buffer.of(0xc2, 0xff, 15),
      whole.subarray(0, -3),
      whole.subarray(0, 1),
    ]) {
      assert.throws(() => structuredCodec.decode(bytes), { code: 'STORE_VALUE_UNREADABLE' })
    }
    assert.throws(() => structuredCodec.decode(json), /is not of the codec "structured", it begins with \{"a":1\} \(/)
    assert.throws(() => jsonCodec.decode(whole), { code: 'STORE_VALUE_UNREADABLE' })
  })

  it('never give anything but a value or a StoreError', () => {
    const random = fc.uint8Array({ maxLength: 40 })
    fc.assert(fc.property(random, decodesOrIsUnreadable))
    fc.assert(fc.property(random, bytes => decodesOrIsUnreadable(Buffer.concat([Buffer.of(0xc1, 0xff, 15), bytes]))))
  })

  it('never give anything else when one byte of a good value is wrong', () => {
    const good = structuredCodec.encode({ a: [1, new Date(), 'text', /x/g], b: new Map([[1n, Buffer.from('abc')]]) })
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        const bytes = Uint8Array.from(good)
        bytes[at] = byte
        decodesOrIsUnreadable(bytes)
      }),
    )
  })
})
