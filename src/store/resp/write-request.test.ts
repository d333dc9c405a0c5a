import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { RequestWriter } from './write-request.ts'

type Argument = string | number | Uint8Array

function write(...requests: Argument[][]): string {
  const writer = new RequestWriter()
  for (const args of requests) writer.append(args)
  return Buffer.concat(writer.take()).toString()
}

/** What it should be, without any thought of speed. */
function encode(args: readonly Argument[]): Buffer {
  const parts = args.flatMap(arg => {
    const value = Buffer.from(typeof arg === 'number' ? String(arg) : arg)
    return [Buffer.from(`$${value.length}\r\n`), value, Buffer.from('\r\n')]
  })
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts])
}

describe('requests', () => {
  it('are written as RESP arrays', () => {
    assert.equal(write(['SET', 'visits', 1]), '*3\r\n$3\r\nSET\r\n$6\r\nvisits\r\n$1\r\n1\r\n')
    assert.equal(
      write(['A', ''], ['B', -1.5, 'grüße']),
      '*2\r\n$1\r\nA\r\n$0\r\n\r\n*3\r\n$1\r\nB\r\n$4\r\n-1.5\r\n$7\r\ngrüße\r\n',
    )
  })

  it('of any arguments are written as the plain encoding has them', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.string({ maxLength: 2_000 }),
      fc.tuple(fc.constantFrom('a', 'é', '€', '😀', '\ud800'), fc.nat({ max: 20_000 })).map(([s, n]) => s.repeat(n)),
    )
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 50 }),
      fc.nat({ max: 40_000 }).map(length => Buffer.alloc(length, 'b')),
    )
    const argument = fc.oneof(text, fc.integer(), fc.double(), bytes)
    const request = fc.array(argument, { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 10 }), requests => {
        const writer = new RequestWriter()
        for (const args of requests) writer.append(args)
        const expected = Buffer.concat(requests.map(encode))
        assert.equal(writer.byteLength, expected.length)
        assert.ok(Buffer.concat(writer.take()).equals(expected))
        assert.equal(writer.byteLength, 0)
      }),
    )
  })

  it('have their lengths right at every number of digits', () => {
    for (const length of [0, 9, 10, 11, 24, 25, 99, 100, 333, 334, 999, 1_000, 1_024, 1_025, 16_383, 16_384, 99_999]) {
      for (const text of ['x'.repeat(length), 'é'.repeat(length)]) assert.equal(write([text]), String(encode([text])))
      const bytes = Buffer.alloc(length, 'x')
      assert.equal(write([bytes]), String(encode([bytes])))
    }
  })
})

describe('the pieces of a batch', () => {
  it('are one when the requests are small', () => {
    const writer = new RequestWriter()
    for (let i = 0; i < 32; i++) writer.append(['GET', 'key'])
    assert.equal(writer.take().length, 1)
    assert.deepEqual(writer.take(), [])
  })

  it('are few when the batch is long', () => {
    const writer = new RequestWriter()
    for (let i = 0; i < 100_000; i++) writer.append(['GET', 'key'])
    const { byteLength } = writer
    const pieces = writer.take()
    assert.equal(Buffer.concat(pieces).length, byteLength)
    assert.ok(pieces.length < 12, `${pieces.length} pieces`)
  })

  it('hold a large value without a copy', () => {
    const writer = new RequestWriter()
    const value = new Uint8Array(20_000)
    writer.append(['SET', 'key', value])
    const pieces = writer.take()
    assert.equal(pieces.length, 3)
    assert.equal(pieces[1]?.buffer, value.buffer)
  })

  it('stay as they are while later ones are written', () => {
    const writers = [new RequestWriter(), new RequestWriter()]
    const taken: { pieces: Buffer[]; expected: string }[] = []
    for (let i = 0; i < 3_000; i++) {
      const args = ['SET', `key:${i}`, 'v'.repeat(i % 700)]
      for (const writer of writers) writer.append(args)
      for (const writer of writers) taken.push({ pieces: writer.take(), expected: encode(args).toString() })
    }
    for (const { pieces, expected } of taken) assert.equal(Buffer.concat(pieces).toString(), expected)
  })

  it('with a part that is none throw before a byte is written', () => {
    const writer = new RequestWriter()
    writer.append(['PING'])
    const { byteLength } = writer
    for (const part of [null, undefined, true, {}, 1n, new DataView(new ArrayBuffer(1))] as never[]) {
      assert.throws(() => writer.append(['SET', 'a', part]), TypeError)
    }
    assert.equal(writer.byteLength, byteLength)
    writer.append(['GET', 'a'])
    assert.equal(Buffer.concat(writer.take()).toString(), '*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n')
  })
})
