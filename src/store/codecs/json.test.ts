import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { StoreError } from '../store-error.ts'
import { jsonCodec } from './json.ts'

function roundTrip(value: unknown): unknown {
  return jsonCodec.decode(Buffer.from(jsonCodec.encode(value)))
}

function refuses(value: unknown, message: string): void {
  assert.throws(
    () => jsonCodec.encode(value),
    (error: unknown) => {
      assert.ok(error instanceof StoreError)
      assert.equal(error.code, 'STORE_VALUE_INVALID')
      assert.equal(error.message, `The codec "json" cannot hold ${message}.`)
      return true
    },
  )
}

class User {
  id = 7
}

describe('a value written as JSON', () => {
  it('comes back as it went in, also when it is falsy or empty', () => {
    for (const value of [0, '', false, true, null, [], {}, 1e21, 5e-324, 'é€😀', { a: [1, { b: null }] }]) {
      assert.deepEqual(roundTrip(value), value)
    }
  })

  it('keeps the sign of zero, at the top and inside', () => {
    assert.equal(jsonCodec.encode(-0), '-0')
    assert.equal(jsonCodec.encode({ a: [-0, 0] }), '{"a":[-0,0]}')
    assert.deepEqual(roundTrip({ a: [-0, 0] }), { a: [-0, 0] })
  })

  it('is the text that every other language writes', () => {
    assert.equal(jsonCodec.encode({ id: 7, name: 'Anh "A"', tags: [] }), '{"id":7,"name":"Anh \\"A\\"","tags":[]}')
  })

  it('keeps lone surrogates, in values and in names', () => {
    assert.equal(jsonCodec.encode('\ud800'), '"\\ud800"')
    assert.deepEqual(roundTrip({ '\udc00': '\ud800' }), { '\udc00': '\ud800' })
  })

  it('may be an object without prototype, frozen, or of another realm', () => {
    assert.deepEqual(roundTrip(Object.assign(Object.create(null), { a: 1 })), { a: 1 })
    assert.deepEqual(roundTrip(Object.freeze({ a: Object.freeze([1]) })), { a: [1] })
    assert.deepEqual(roundTrip(runInNewContext('({ a: [1, { b: 2 }] })')), { a: [1, { b: 2 }] })
  })

  it('may hold the same object twice', () => {
    const address = { city: 'Huế' }
    assert.deepEqual(roundTrip([address, address]), [address, address])
  })

  it('comes back deep-equal, whatever JSON it is', () => {
    const values = fc
      .jsonValue({ noUnicodeString: false })
      .filter(value => !JSON.stringify(value).includes('__proto__'))
    fc.assert(
      fc.property(values, value => {
        assert.deepEqual(roundTrip(value), value)
      }),
    )
  })

  it('comes back deep-equal or is refused, whatever it is', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withSparseArray: true,
      withTypedArray: true,
      withBoxedValues: true,
    })
    fc.assert(
      fc.property(anything, value => {
        let text: string
        try {
          text = jsonCodec.encode(value)
        } catch (error) {
          assert.ok(error instanceof StoreError && error.code === 'STORE_VALUE_INVALID')
          return
        }
        // Without prototypes, of which a null one is the only one that changes.
        fc.pre(!fc.stringify(value).includes('__proto__:null'))
        assert.deepEqual(jsonCodec.decode(Buffer.from(text)), value)
      }),
    )
  })
})

describe('what JSON cannot hold is refused with its place', () => {
  it('undefined, and numbers that are none', () => {
    refuses(undefined, 'the value: undefined (it means absent: leave it out, or use null)')
    refuses({ a: { b: undefined } }, 'a.b: undefined (it means absent: leave it out, or use null)')
    refuses([1, undefined], '[1]: undefined (use null)')
    refuses(Number.NaN, 'the value: NaN (use null, or the codec "structured")')
    refuses({ a: [Number.NEGATIVE_INFINITY] }, 'a[0]: -Infinity (use null, or the codec "structured")')
  })

  it('primitives that are not of JSON', () => {
    refuses({ id: 7n }, 'id: a bigint (use the codec "structured", or a text)')
    refuses([Symbol('a')], '[0]: a symbol (use a text)')
    refuses({ run() {} }, 'run: a function (store what it is made from)')
  })

  it('objects of the language, with what to use instead', () => {
    const users = [{}, {}, {}, { born: new Date() }]
    refuses({ users }, 'users[3].born: a Date (use the codec "structured", or toISOString())')
    refuses(new Map(), 'the value: a Map (use the codec "structured", or Object.fromEntries())')
    refuses([new Set()], '[0]: a Set (use the codec "structured", or an array)')
    refuses(/a/, 'the value: a RegExp (use the codec "structured", or its source)')
    refuses(new Error('x'), 'the value: an Error (use the codec "structured", or its message)')
    refuses(Buffer.of(1), 'the value: a Buffer (use the codec "bytes" or "structured", or toString("base64"))')
    refuses(new Uint8Array(1), 'the value: a Uint8Array (use the codec "bytes" or "structured")')
    refuses(new ArrayBuffer(1), 'the value: an ArrayBuffer (use the codec "bytes" or "structured")')
    refuses([new Float64Array(1)], '[0]: a Float64Array (use the codec "structured", or Array.from())')
    refuses(new URL('http://a'), 'the value: a URL (use its href)')
    refuses({ user: Promise.resolve() }, 'user: a Promise (await it first)')
  })

  it('instances of classes, also of one with toJSON, of one that extends Array, and without a name', () => {
    refuses({ user: new User() }, 'user: an instance of User (store a plain object of its data)')
    refuses(
      new (class Money {
        toJSON = () => 1
      })(),
      'the value: an instance of Money (store a plain object of its data)',
    )
    refuses([new (class List extends Array {})()], '[0]: an instance of List (store a plain object of its data)')
    refuses(new Number(1), 'the value: an instance of Number (store a plain object of its data)')
    refuses(Object.create({ a: 1 }), 'the value: an object with a prototype of its own')
    refuses(Object.create(Object.create(null)), 'the value: an object with a prototype of its own')
    refuses(
      (JSON as unknown as { rawJSON(text: string): object }).rawJSON('1'),
      'the value: a text made by JSON.rawJSON (use a plain value)',
    )
  })

  it('cycles, and what is too deep', () => {
    const self: Record<string, unknown> = { id: 1 }
    self.me = self
    refuses(self, 'me: a cycle back to the value (store an id, or use the codec "structured")')
    const parent = { children: [{ name: 'a' }] as unknown[] }
    parent.children.push({ name: 'b', parent })
    refuses(
      { parent },
      'parent.children[1].parent: a cycle back to parent (store an id, or use the codec "structured")',
    )
    assert.deepEqual(roundTrip(nested(500)), nested(500))
    assert.throws(() => jsonCodec.encode(nested(501)), /: nested deeper than 500 levels /)
    assert.throws(() => jsonCodec.encode(nested(100_000)), { code: 'STORE_VALUE_INVALID' })
  })

  it('arrays with holes or names', () => {
    const sparse = [1, 2, 3]
    delete sparse[1]
    refuses(sparse, '[1]: a hole in a sparse array (fill it, or use null)')
    refuses(new Array(4_000_000_000), '[0]: a hole in a sparse array (fill it, or use null)')
    refuses({ found: /a/.exec('a') }, 'found.index: a named property of an array (use an object)')
  })

  it('properties that would be lost or change', () => {
    const symbol = 'a property named by a symbol (use a text as its name)'
    refuses({ a: { [Symbol('id')]: 1 } }, `a[Symbol(id)]: ${symbol}`)
    refuses([Object.assign([], { [Symbol('id')]: 1 })], `[0][Symbol(id)]: ${symbol}`)
    refuses(
      {
        get a() {
          return 1
        },
      },
      'a: a getter or setter (store the value that it gives)',
    )
    refuses({ set a(_value: unknown) {} }, 'a: a getter or setter (store the value that it gives)')
    refuses(Object.defineProperty({}, 'a', { value: 1 }), 'a: a property that is not enumerable (use a plain object)')
    refuses(
      JSON.parse('{"a":{"__proto__":1}}'),
      'a.__proto__: a property of this name (rename it: it changes objects when it is copied)',
    )
  })

  it('names that are no words stand in quotes, and nothing in them is invisible', () => {
    assert.throws(
      () => jsonCodec.encode({ 'a b': { é: { '\u001b"': [Number.NaN] } } }),
      /hold \["a b"\]\.é\["\\u001b\\""\]\[0\]: /,
    )
    assert.throws(() => jsonCodec.encode({ ['x'.repeat(1000)]: Number.NaN }), /hold \["x{59}…"\]: NaN/)
  })

  it('a very long path is shortened in its middle', () => {
    const deep = JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`)
    let last = deep
    for (let i = 0; i < 99; i++) last = last.a
    last.a = 1n
    assert.throws(() => jsonCodec.encode(deep), /hold a(\.a){9} … (\.a){10}: a bigint/)
  })
})

describe('bytes that are no JSON', () => {
  it('are unreadable, and the error shows their beginning', () => {
    const beginnings: [string | Buffer, RegExp][] = [
      ['hello world', /it begins with hello world \(read it/],
      ['', /it is empty \(/],
      ['{"a":1', /begins with \{"a":1 \(/],
      ['\u001b[2Jboo', /begins with \\u001b\[2Jboo \(/],
      [`x${'é'.repeat(100)}`, /begins with xé{38}… \(/],
      [Buffer.of(0x22, 0xff, 0x22), /begins with "\ufffd" \(/],
    ]
    for (const [bytes, message] of beginnings) {
      assert.throws(() => jsonCodec.decode(Buffer.from(bytes as string)), { code: 'STORE_VALUE_UNREADABLE', message })
    }
  })

  it('are told from a text that holds the replacement character', () => {
    assert.equal(roundTrip('a\ufffdb'), 'a\ufffdb')
  })

  it('never give anything but a value or a StoreError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        try {
          jsonCodec.decode(Buffer.from(bytes))
        } catch (error) {
          assert.ok(error instanceof StoreError && error.code === 'STORE_VALUE_UNREADABLE')
        }
      }),
    )
  })
})

function nested(levels: number): unknown {
  let value: unknown[] = []
  for (let i = 1; i < levels; i++) value = [value]
  return value
}
