import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Double, Members, ok, Pairs, Push, type Reply, ReplyError, Status, Verbatim } from './reply.ts'
import { ReplyFormatError, ReplyParser } from './reply-parser.ts'
import { type Protocol, ReplyWriter } from './write-reply.ts'

function parse(text: string): Reply[] {
  return new ReplyParser().push(Buffer.from(text, 'latin1'))
}

/** Every reply that comes out of the pieces, and the message of the fault that ended it. */
function readPieces(pieces: readonly Buffer[]): { replies: Reply[]; fault: string | undefined } {
  const parser = new ReplyParser()
  const replies: Reply[] = []
  try {
    for (const piece of pieces) replies.push(...parser.push(piece))
  } catch (error) {
    assert.ok(error instanceof ReplyFormatError, String(error))
    return { replies: [...replies, ...error.replies], fault: error.message }
  }
  return { replies, fault: undefined }
}

function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [0, ...places.map(place => place % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end))
}

function write(replies: readonly Reply[], protocol: Protocol): Buffer {
  const writer = new ReplyWriter()
  for (const reply of replies) writer.append(reply, protocol)
  return Buffer.concat(writer.take())
}

const a = Buffer.from('a')
const known: [string, Reply][] = [
  ['+OK\r\n', ok],
  ['+PONG\r\n', new Status('PONG')],
  ['+OKAY\r\n', new Status('OKAY')],
  ['+\r\n', new Status('')],
  [':0\r\n', 0],
  [':-12\r\n', -12],
  [':+12\r\n', 12],
  [':-0\r\n', 0],
  [':9007199254740991\r\n', 9_007_199_254_740_991],
  [':9007199254740992\r\n', 9_007_199_254_740_992n],
  [':-9223372036854775808\r\n', -9_223_372_036_854_775_808n],
  ['$1\r\na\r\n', a],
  ['$0\r\n\r\n', Buffer.alloc(0)],
  ['$4\r\n\r\n\r\n\r\n', Buffer.from('\r\n\r\n')],
  ['$-1\r\n', null],
  ['*-1\r\n', null],
  ['_\r\n', null],
  ['#t\r\n', 1],
  ['#f\r\n', 0],
  [',1.5\r\n', new Double(1.5)],
  [',10\r\n', new Double(10)],
  [',-1.5E+3\r\n', new Double(-1500)],
  [',inf\r\n', new Double(Number.POSITIVE_INFINITY)],
  [',-inf\r\n', new Double(Number.NEGATIVE_INFINITY)],
  [',nan\r\n', new Double(Number.NaN)],
  [',-nan\r\n', new Double(Number.NaN)],
  ['(5\r\n', 5n],
  ['(-3492890328409238509324850943850943825024385\r\n', -3_492_890_328_409_238_509_324_850_943_850_943_825_024_385n],
  ['-ERR no such key\r\n', new ReplyError('ERR', 'no such key')],
  ['-NOAUTH\r\n', new ReplyError('NOAUTH', '')],
  ['!15\r\nSYNTAX in\r\nvain\r\n', new ReplyError('SYNTAX', 'in\r\nvain')],
  ['=5\r\ntxt:a\r\n', new Verbatim('a')],
  ['*0\r\n', []],
  ['*2\r\n:1\r\n*1\r\n$-1\r\n', [1, [null]]],
  ['~2\r\n:1\r\n:2\r\n', new Members([1, 2])],
  ['%1\r\n$1\r\na\r\n*0\r\n', new Pairs([a, []])],
  ['%0\r\n', new Pairs([])],
  ['>2\r\n$1\r\na\r\n:1\r\n', new Push([a, 1])],
  ['|1\r\n+ttl\r\n%1\r\n+a\r\n:1\r\n:5\r\n', 5],
  ['*2\r\n|1\r\n+ttl\r\n:1\r\n:5\r\n|0\r\n:6\r\n', [5, 6]],
]

describe('a reply', () => {
  it('is read, of every type that RESP2 and RESP3 have', () => {
    for (const [text, reply] of known) assert.deepEqual(parse(text), [reply], text)
  })

  it('of OK is always the same object', () => {
    assert.equal(parse('+OK\r\n')[0], ok)
    assert.equal(readPieces([Buffer.from('+OK\r'), Buffer.from('\n')]).replies[0], ok)
  })

  it('is the same wherever the stream is cut', () => {
    const whole = Buffer.from(known.map(([text]) => text).join(''), 'latin1')
    const expected = { replies: known.map(([, reply]) => reply), fault: undefined }
    for (let place = 0; place <= whole.length; place++) assert.deepEqual(readPieces(cut(whole, [place])), expected)
    assert.deepEqual(readPieces([...whole].map(byte => Buffer.of(byte))), expected)
  })

  it('is a view of its chunk, without a copy', () => {
    const chunk = Buffer.from('$5\r\nhello\r\n')
    const [reply] = new ReplyParser().push(chunk)
    assert.ok(reply instanceof Buffer)
    assert.equal(reply.buffer, chunk.buffer)
  })

  it('of 64 MB in network-sized pieces is put together', () => {
    const value = Buffer.alloc(64 * 1_048_576, 'saola')
    const parser = new ReplyParser()
    assert.deepEqual(parser.push(Buffer.from(`*2\r\n:1\r\n$${value.length}\r\n`)), [])
    for (let at = 0; at < value.length; at += 1_448) parser.push(value.subarray(at, at + 1_448))
    const [reply] = parser.push(Buffer.from('\r\n'))
    assert.ok(Array.isArray(reply) && value.equals(reply[1]))
  })
})

const line = fc.stringMatching(/^[A-Za-z][A-Za-zäö "]{0,20}$/)
const { reply: anyReply } = fc.letrec<{ reply: Reply }>(tie => ({
  reply: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom<Reply>(null, ok),
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 60 }).map(bytes => Buffer.from(bytes)),
    fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }),
    line.map(text => new Status(text)),
    fc.double().map(value => new Double(value)),
    fc.tuple(fc.stringMatching(/^[A-Z_]{1,12}$/), line).map(([code, message]) => new ReplyError(code, message)),
    fc.array(tie('reply'), { maxLength: 5 }),
    fc.array(tie('reply'), { maxLength: 5 }).map(items => new Push(items)),
    fc.array(fc.tuple(tie('reply'), tie('reply')), { maxLength: 3 }).map(pairs => new Pairs(pairs.flat())),
  ),
}))

describe('what the reply writer writes', () => {
  it('comes back in RESP3 as it was, however it is cut', () => {
    fc.assert(
      fc.property(fc.array(anyReply, { maxLength: 6 }), fc.array(fc.nat()), (replies, places) => {
        const normal = replies.map(withSharedOk)
        assert.deepEqual(readPieces(cut(write(replies, 3), places)), { replies: normal, fault: undefined })
      }),
    )
  })

  it('comes back in RESP2 without its types', () => {
    const replies = [new Pairs([a, null]), new Push([a]), new Double(1.5), 2n ** 64n]
    const expected = [[a, null], [a], Buffer.from('1.5'), Buffer.from('18446744073709551616')]
    assert.deepEqual(readPieces([write(replies, 2)]), { replies: expected, fault: undefined })
  })
})

/** Integers that fit in a number come back as one; the rest of what is written has one form. */
function withSharedOk(reply: Reply): Reply {
  return reply instanceof Status && reply.text === 'OK' ? ok : Object.is(reply, -0) ? 0 : reply
}

describe('what is no reply', () => {
  it('is refused', () => {
    const faults = [
      'x\r\n',
      ':\r\n',
      ':1x\r\n',
      ':1\rx',
      '$x\r\n',
      '$-2\r\n',
      '$?\r\n',
      '$1\r\nabc',
      '$99999999999999999999\r\n',
      '*-2\r\n',
      '*9999999999\r\n',
      '%-1\r\n',
      '#x\r\n',
      '_x\r\n',
      ',x\r\n',
      ',\r\n',
      '(1.5\r\n',
      '=3\r\ntxt\r\n',
      '+OK\rx',
      '+a\rb',
      `+${'x'.repeat(65_537)}`,
    ]
    for (const text of faults) {
      const bytes = Buffer.from(text)
      assert.throws(() => parse(text), { name: 'ReplyFormatError', message: /^the store's reply expected / }, text)
      assert.ok(readPieces(cut(bytes, [1, 2, 3, 4, 5])).fault, text)
    }
  })

  it('gives what came before it, and ends the parser', () => {
    const parser = new ReplyParser()
    assert.throws(
      () => parser.push(Buffer.from(':1\r\n+OK\r\nHTTP/1.1 400')),
      (error: ReplyFormatError) => {
        assert.deepEqual(error.replies, [1, ok])
        return true
      },
    )
    assert.throws(() => parser.push(Buffer.from(':1\r\n')), { name: 'ReplyFormatError', replies: [] })
  })

  it('may be lists in each other, more than 32 deep', () => {
    assert.equal(parse(`${'*1\r\n'.repeat(32)}:1\r\n`).length, 1)
    assert.throws(() => parse('*1\r\n'.repeat(33)), { name: 'ReplyFormatError' })
    assert.throws(() => parse('|1\r\n'.repeat(33)), { name: 'ReplyFormatError' })
  })

  it('is found at the same place however it is cut, and by nothing but a ReplyFormatError', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '*1\r\n',
        '%1\r\n',
        '|1\r\n',
        '$3\r\n',
        '$0\r\n',
        '!3\r\n',
        'abc\r\n',
        '\r\n',
        ':',
        '+',
        '-1',
        '\r',
      ),
      fc.constantFrom(
        '+OK\r\n',
        ':12\r\n',
        ',1\r\n',
        '#t\r\n',
        '_\r\n',
        '(1\r\n',
        '=5\r\ntxt:a\r\n',
        '>1\r\n',
        '*0\r\n',
      ),
      fc.string({ unit: 'binary-ascii', maxLength: 3 }),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), fc.array(fc.nat()), (words, places) => {
        const bytes = Buffer.from(words.join(''), 'latin1')
        const whole = readPieces([bytes])
        const pieces = readPieces(cut(bytes, places))
        assert.deepEqual(pieces.replies, whole.replies)
        assert.equal(pieces.fault === undefined, whole.fault === undefined)
      }),
      { numRuns: 2_000 },
    )
  })
})
