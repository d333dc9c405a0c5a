import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesCodec } from './bytes.ts'

test('bytes come back as they went in, always as a Buffer', () => {
  const expected = Buffer.of(0, 255, 10)
  const pooled = Buffer.from([9, 0, 255, 10, 9]).subarray(1, 4)
  for (const value of [expected, pooled, Uint8Array.of(0, 255, 10), Uint8Array.of(0, 255, 10).buffer]) {
    const read = bytesCodec.decode(Buffer.from(bytesCodec.encode(value)))
    assert.ok(Buffer.isBuffer(read))
    assert.deepEqual(read, expected)
  }
  assert.equal(bytesCodec.encode(new Uint8Array()).length, 0)
})

test('what is written is the value at the moment of the call', () => {
  const value = Buffer.from('abc')
  const encoded = bytesCodec.encode(value)
  value.fill('x')
  assert.equal(Buffer.from(encoded).toString(), 'abc')
})

test('what is no bytes is refused, with what to use instead', () => {
  const refused: [unknown, RegExp][] = [
    ['abc', /^The codec "bytes" cannot hold the value: a string \(use Buffer.from\(text\), or the codec "json"\)\.$/],
    [1, /: number \(it holds only Uint8Array, Buffer and ArrayBuffer\)/],
    [undefined, /: undefined \(/],
    [null, /: null \(/],
    [[1, 2], /: Array \(/],
    [{ length: 1 }, /: Object \(/],
    [new Float64Array(1), /: a Float64Array \(use new Uint8Array\(/],
    [new DataView(new ArrayBuffer(1)), /: a DataView \(/],
    [new SharedArrayBuffer(1), /: SharedArrayBuffer \(/],
  ]
  for (const [value, message] of refused) {
    assert.throws(() => bytesCodec.encode(value as Buffer), { code: 'STORE_VALUE_INVALID', message })
  }
})

test('bytes that were transferred away are refused, and not stored as empty', () => {
  const view = new Uint8Array(4)
  structuredClone(view.buffer, { transfer: [view.buffer] })
  assert.throws(() => bytesCodec.encode(view), { code: 'STORE_VALUE_INVALID', message: /transferred/ })
  assert.throws(() => bytesCodec.encode(view.buffer), { code: 'STORE_VALUE_INVALID', message: /transferred/ })
})
