import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { PartialValue, ProtocolError, type Request, RequestParser } from './request-parser.ts'
import { RequestWriter } from './write-request.ts'

const limits = { argumentBytesMax: 70_000_000, argumentsMax: 100, inlineBytesMax: 1_000 }

function newParser(overrides: Partial<typeof limits> = {}): RequestParser {
  return new RequestParser({ ...limits, ...overrides })
}

function texts(requests: readonly Request[]): string[][] {
  return requests.map(request => request.map(argument => argument.toString('latin1')))
}

function parse(text: string, overrides: Partial<typeof limits> = {}): string[][] {
  return texts(newParser(overrides).push(Buffer.from(text, 'latin1')))
}

/** Every request that comes out of the pieces, and the message of the fault that ended it. */
function readPieces(pieces: readonly Buffer[]): { requests: string[][]; fault: string | undefined } {
  const parser = newParser()
  const requests: Request[] = []
  try {
    for (const piece of pieces) requests.push(...parser.push(piece))
  } catch (error) {
    assert.ok(error instanceof ProtocolError)
    return { requests: texts([...requests, ...error.requests]), fault: error.message }
  }
  return { requests: texts(requests), fault: undefined }
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end))
}

const stream = [
  '*3\r\n$3\r\nSET\r\n$5\r\nhello\r\n$7\r\nwor\r\nld\r\n',
  '*0\r\n*-1\r\n\r\nPING\r\nset "a b" \'c\'\n',
  '*2\r\n$4\r\nECHO\r\n$0\r\n\r\n',
  '*12\r\n$1\r\n0\r\n',
  '$10\r\n0123456789\r\n'.repeat(11),
].join('')

describe('a request', () => {
  it('is read with its arguments, and many of one chunk come in order', () => {
    assert.deepEqual(parse(stream), [
      ['SET', 'hello', 'wor\r\nld'],
      ['PING'],
      ['set', 'a b', 'c'],
      ['ECHO', ''],
      ['0', ...Array(11).fill('0123456789')],
    ])
  })

  it('is the same wherever the stream is cut', () => {
    const whole = Buffer.from(stream)
    const expected = readPieces([whole])
    for (let place = 0; place <= whole.length; place++) assert.deepEqual(readPieces(cut(whole, [place])), expected)
    assert.deepEqual(readPieces([...whole].map(byte => Buffer.of(byte))), expected)
  })

  it('of any bytes comes back as it was written, however it is cut', () => {
    const request = fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 12 })
    fc.assert(
      fc.property(fc.array(request, { maxLength: 6 }), fc.array(fc.nat()), (requests, places) => {
        const writer = new RequestWriter()
        for (const args of requests) writer.append(args)
        const { requests: read } = readPieces(cut(Buffer.concat(writer.take()), places))
        assert.deepEqual(
          read,
          requests.map(args => args.map(arg => Buffer.from(arg).toString('latin1'))),
        )
      }),
    )
  })

  it('is a view of its chunk, without a copy', () => {
    const chunk = Buffer.from('*1\r\n$4\r\nPING\r\n')
    const [request] = newParser().push(chunk)
    assert.equal(request?.[0]?.buffer, chunk.buffer)
  })

  it('of 64 MB in network-sized pieces is put together with few copies', () => {
    const sizeBytes = 64 * 1_048_576
    const value = Buffer.alloc(sizeBytes, 'saola')
    const parser = newParser()
    assert.deepEqual(parser.push(Buffer.from(`*1\r\n$${sizeBytes}\r\n`)), [])
    for (let at = 0; at < sizeBytes; at += 1_448) {
      assert.equal(parser.push(value.subarray(at, at + 1_448)).length, 0)
    }
    const [request] = parser.push(Buffer.from('\r\n'))
    assert.ok(request?.[0]?.equals(value))
  })
})

describe('a value whose end has not arrived', () => {
  it('occupies at most a megabyte, or twice what has arrived, and is moved only so often', t => {
    const sizeBytes = 64 * 1_048_576
    const allocated: number[] = []
    const allocate = Buffer.allocUnsafe
    const record = (size: number) => {
      allocated.push(size)
      return allocate(size)
    }
    t.mock.method(Buffer, 'allocUnsafe', record)
    t.mock.method(Buffer, 'allocUnsafeSlow', record)
    const value = new PartialValue(sizeBytes)
    const piece = Buffer.alloc(1_448)
    for (let arrived = 0; arrived < sizeBytes; arrived += piece.length) {
      assert.ok((allocated.at(-1) ?? 0) <= Math.max(1_048_576, 2 * arrived))
      value.fill(piece, 0)
    }
    assert.equal(allocated.length, 8)
    assert.ok(allocated.reduce((sum, size) => sum + size) < 3 * sizeBytes)
  })

  it('of a small size has its whole buffer at once', () => {
    const value = new PartialValue(3)
    assert.equal(value.fill(Buffer.from('xxab'), 2), 2)
    assert.equal(value.isComplete, false)
    assert.equal(value.fill(Buffer.from('c\r\n*1'), 0), 3)
    assert.equal(value.isComplete, true)
    assert.equal(value.value()?.toString(), 'abc')
  })
})

describe('a request typed by hand', () => {
  it('is split with the quotes that Redis knows', () => {
    const lines: [string, string[]][] = [
      ['  set  a\tb  ', ['set', 'a', 'b']],
      ['set "a b" \'c d\'', ['set', 'a b', 'c d']],
      ['"\\x41\\n\\r\\t\\b\\a\\"\\\\\\q"', ['A\n\r\t\b\x07"\\q']],
      ['"\\xff\\x00end"', ['\xff\x00end']],
      ['"\\xg1"', ['xg1']],
      ["'it\\'s' 'a\\n'", ["it's", 'a\\n']],
      ['a"b c"', ['ab c']],
      ['""', ['']],
      ['a\0b', ['a\0b']],
    ]
    for (const [line, expected] of lines) {
      assert.deepEqual(parse(`${line}\r\n`), [expected], line)
      assert.deepEqual(parse(`${line}\n`), [expected], line)
    }
  })

  it('with a quote that is not closed, or goes on behind it, is refused', () => {
    for (const line of ['"a', "'a", '"a"b', "'a'b", '"a\\"', '"a\\']) {
      assert.throws(() => parse(`${line}\r\n`), { message: 'Protocol error: unbalanced quotes in request' }, line)
    }
  })

  it('has a limit, whether its end has arrived or not', () => {
    const message = 'Protocol error: too big inline request'
    assert.deepEqual(parse('12345678\r\n', { inlineBytesMax: 9 }), [['12345678']])
    assert.throws(() => parse('0123456789', { inlineBytesMax: 9 }), { message })
    assert.throws(() => parse('0123456789\n', { inlineBytesMax: 9 }), { message })
    assert.throws(() => parse('a b c\n', { argumentsMax: 2 }), { message })
  })
})

describe('what is no request', () => {
  it('is refused in the words of Redis', () => {
    const faults: [string, string][] = [
      ['*x\r\n', 'invalid multibulk length'],
      ['*\r\n', 'invalid multibulk length'],
      ['*1\n', 'invalid multibulk length'],
      ['*1\rx', 'invalid multibulk length'],
      ['*101\r\n', 'invalid multibulk length'],
      ['*99999999999999999999999999', 'invalid multibulk length'],
      [`*${'0'.repeat(30)}`, 'invalid multibulk length'],
      ['*1\r\n$-1\r\n', 'invalid bulk length'],
      ['*1\r\n$70000001\r\n', 'invalid bulk length'],
      ['*1\r\n$1.5\r\n', 'invalid bulk length'],
      ['*1\r\n:1\r\n', "expected '$', got ':'"],
      ['*1\r\n\x07', "expected '$', got '?'"],
      ['*1\r\n$1\r\nabc', 'expected a line end after the argument'],
    ]
    for (const [text, reason] of faults) {
      const error = { name: 'ProtocolError', message: `Protocol error: ${reason}` }
      assert.throws(() => parse(text), error, text)
      const bytes = Buffer.from(text, 'latin1')
      assert.equal(readPieces([...bytes].map(byte => Buffer.of(byte))).fault, error.message, text)
    }
  })

  it('gives what came before it, and ends the parser', () => {
    const parser = newParser()
    assert.throws(
      () => parser.push(Buffer.from('PING\r\n*1\r\n!')),
      (error: ProtocolError) => {
        assert.deepEqual(texts(error.requests), [['PING']])
        return true
      },
    )
    assert.throws(
      () => parser.push(Buffer.from('PING\r\n')),
      (error: ProtocolError) => error.requests.length === 0,
    )
    assert.equal(parser.pendingBytes, 0)
  })

  it('is refused at the same place however it is cut, and by nothing but a ProtocolError', () => {
    const piece = fc.oneof(
      fc.constantFrom('*1\r\n', '*2\r\n', '$3\r\n', '$0\r\n', 'abc\r\n', '\r\n', '"', '*', '$', '-1', '\r', '\n'),
      fc.string({ unit: 'binary-ascii', maxLength: 4 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat()), (words, places) => {
        const bytes = Buffer.from(words.join(''), 'latin1')
        assert.deepEqual(readPieces(cut(bytes, places)), readPieces([bytes]))
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('an unfinished request', () => {
  it('says how many of its bytes have arrived', () => {
    const parser = newParser()
    const bytes = Buffer.from('*2\r\n$3\r\nGET\r\n$1\r\na\r\n')
    for (let at = 0; at < bytes.length - 1; at++) {
      parser.push(bytes.subarray(at, at + 1))
      assert.equal(parser.pendingBytes, at + 1)
    }
    parser.push(Buffer.from('\nPI'))
    assert.equal(parser.pendingBytes, 2)
    parser.push(Buffer.from('NG\n'))
    assert.equal(parser.pendingBytes, 0)
  })
})
