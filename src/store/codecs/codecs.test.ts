import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesCodec } from './bytes.ts'
import type { Codec } from './codec.ts'
import { codecOf } from './codecs.ts'
import { jsonCodec } from './json.ts'
import { structuredCodec } from './structured.ts'

test('a codec is found by its name, and JSON without one', () => {
  const found = [codecOf(), codecOf('json'), codecOf('bytes'), codecOf('structured')]
  assert.deepEqual(found, [jsonCodec, jsonCodec, bytesCodec, structuredCodec])
})

test("an application's own codec is used as it is", () => {
  const upper: Codec<string> = { name: 'upper', encode: text => text.toUpperCase(), decode: bytes => bytes.toString() }
  assert.equal(codecOf(upper), upper)
})

test('what is no codec is refused, with the nearest name', () => {
  const refused: [unknown, RegExp][] = [
    ['jsom', /^codec expected "json", "bytes", "structured" or an object .*, got "jsom", did you mean "json"\?$/],
    ['toString', /got "toString"\.$/],
    [null, /got null\.$/],
    [{ name: 'half', encode: String }, /got object\.$/],
  ]
  for (const [codec, message] of refused) {
    assert.throws(() => codecOf(codec as 'json'), { code: 'STORE_ARGUMENT_INVALID', message })
  }
})
