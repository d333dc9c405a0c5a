import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Double, ok, Pairs, Push, type Reply, ReplyError, Status } from './reply.ts'
import { type Protocol, ReplyWriter } from './write-reply.ts'

function write(reply: Reply, protocol: Protocol): string {
  const writer = new ReplyWriter()
  writer.append(reply, protocol)
  return Buffer.concat(writer.take()).toString()
}

describe('a reply', () => {
  it('is written for the protocol of its connection', () => {
    const a = Buffer.from('a')
    const replies: [Reply, string, string?][] = [
      [ok, '+OK\r\n'],
      [new Status('QUEUED'), '+QUEUED\r\n'],
      [null, '$-1\r\n', '_\r\n'],
      [0, ':0\r\n'],
      [-7, ':-7\r\n'],
      [42, ':42\r\n'],
      [Number.MAX_SAFE_INTEGER, ':9007199254740991\r\n'],
      [Number.MIN_SAFE_INTEGER, ':-9007199254740991\r\n'],
      [9_223_372_036_854_775_807n, ':9223372036854775807\r\n'],
      [9_223_372_036_854_775_808n, '$19\r\n9223372036854775808\r\n', '(9223372036854775808\r\n'],
      [a, '$1\r\na\r\n'],
      [Buffer.alloc(0), '$0\r\n\r\n'],
      [[], '*0\r\n'],
      [[1, [a, null]], '*2\r\n:1\r\n*2\r\n$1\r\na\r\n$-1\r\n', '*2\r\n:1\r\n*2\r\n$1\r\na\r\n_\r\n'],
      [new Pairs([a, 1]), '*2\r\n$1\r\na\r\n:1\r\n', '%1\r\n$1\r\na\r\n:1\r\n'],
      [new Push([a, 1]), '*2\r\n$1\r\na\r\n:1\r\n', '>2\r\n$1\r\na\r\n:1\r\n'],
      [new Double(1.5), '$3\r\n1.5\r\n', ',1.5\r\n'],
      [new Double(0.1 + 0.2), '$19\r\n0.30000000000000004\r\n', ',0.30000000000000004\r\n'],
      [new Double(1e21), '$5\r\n1e+21\r\n', ',1e+21\r\n'],
      [new Double(-0), '$2\r\n-0\r\n', ',-0\r\n'],
      [new Double(Number.POSITIVE_INFINITY), '$3\r\ninf\r\n', ',inf\r\n'],
      [new Double(Number.NEGATIVE_INFINITY), '$4\r\n-inf\r\n', ',-inf\r\n'],
      [new Double(Number.NaN), '$3\r\nnan\r\n', ',nan\r\n'],
      [new ReplyError('ERR', 'syntax error'), '-ERR syntax error\r\n'],
      [new ReplyError('NOAUTH', ''), '-NOAUTH\r\n'],
    ]
    for (const [reply, text2, text3 = text2] of replies) {
      assert.equal(write(reply, 2), text2)
      assert.equal(write(reply, 3), text3)
    }
  })

  it('of one line stays on one line', () => {
    assert.equal(write(new Status('a\r\nb'), 2), '+a  b\r\n')
    assert.equal(write(new ReplyError('ERR', 'bad "grüße\n+OK\r\n"'), 3), '-ERR bad "grüße +OK  "\r\n')
  })

  it('that is none is the mistake of a command', () => {
    for (const wrong of [1.5, 2 ** 53, Number.NaN, undefined, 'text', new Pairs([1])]) {
      assert.throws(() => write(wrong as Reply, 2), { code: 'ERR_ASSERTION' })
    }
  })
})

describe('the pieces of many replies', () => {
  it('are one when they are small', () => {
    const writer = new ReplyWriter()
    for (let i = 0; i < 100; i++) writer.append([ok, i, Buffer.from('value')], 2)
    const { byteLength } = writer
    const pieces = writer.take()
    assert.equal(pieces.length, 1)
    assert.equal(pieces[0]?.length, byteLength)
  })

  it('hold a large Buffer without a copy', () => {
    const writer = new ReplyWriter()
    const large = Buffer.alloc(16_384)
    writer.append([1, large, 2], 2)
    const pieces = writer.take()
    assert.deepEqual(
      pieces.map(piece => piece.length),
      [16, 16_384, 6],
    )
    assert.equal(pieces[1]?.buffer, large.buffer)
  })
})
