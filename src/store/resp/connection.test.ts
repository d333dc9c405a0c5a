import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openNetworkDoor } from '../../../test/support/network-door.ts'
import { connectResp } from '../../../test/support/resp-client.ts'
import { until } from '../../../test/support/until.ts'

const password = 'the password of this test'

describe('requests of one connection', () => {
  it('are carried out one after the other, also behind one that waits', async t => {
    const door = await openNetworkDoor(t)
    const [client, other] = [await connectResp(t, door), await connectResp(t, door)]
    client.send(['SET', 'a', '1'], ['BLPOP', 'list', '0'], ['INCR', 'a'], ['BLPOP', 'list', '0'], ['INCR', 'a'])
    assert.equal(await client.next(), 'OK')
    await until('it waits', async () => String(await other.ask('CLIENT', 'LIST')).includes('flags=b'))
    // Nothing behind it is begun.
    assert.equal(await other.ask('GET', 'a'), '1')
    await other.ask('RPUSH', 'list', 'x')
    assert.deepEqual(await client.next(), ['list', 'x'])
    assert.equal(await client.next(), 2)
    assert.equal(await other.ask('GET', 'a'), '2')
    await other.ask('RPUSH', 'list', 'y')
    assert.deepEqual([await client.next(), await client.next()], [['list', 'y'], 3])
  })

  it('of which one changes the connection each find it as the one before has left it', async t => {
    const door = await openNetworkDoor(t, { password })
    const client = await connectResp(t, door)
    const asked = [
      ...[
        ['AUTH', password],
        ['HSET', 'h', 'f', '1'],
        ['HGETALL', 'h'],
        ['HELLO', '3'],
        ['HGETALL', 'h'],
      ],
      ...[
        ['SELECT', '2'],
        ['HGETALL', 'h'],
        ['SELECT', '0'],
        ['RESET'],
        ['GET', 'a'],
        ['AUTH', password],
        ['HGETALL', 'h'],
      ],
    ]
    const [, , before, , inMap, , empty, , reset, loggedOut, , after] = await client.askAll(...asked)
    assert.deepEqual(before, ['f', '1'])
    assert.deepEqual(inMap, { pairs: ['f', '1'] })
    assert.deepEqual(empty, { pairs: [] })
    assert.equal(reset, 'RESET')
    assert.equal(loggedOut, '-NOAUTH Authentication required.')
    assert.deepEqual(after, ['f', '1'])
  })

  it('may come byte by byte', async t => {
    const door = await openNetworkDoor(t, { password })
    const client = await connectResp(t, door)
    client.socket.setNoDelay(true)
    const bytes = `AUTH "${password}"\r\n*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhello\r\n*2\r\n$3\r\nGET\r\n$1\r\na\r\n`
    for (const byte of Buffer.from(bytes)) {
      client.socket.write(Buffer.of(byte))
      await pause()
    }
    assert.deepEqual([await client.next(), await client.next(), await client.next()], ['OK', 'OK', 'hello'])
  })

  it('end with QUIT, and nothing behind it is carried out', async t => {
    const door = await openNetworkDoor(t)
    const [client, other] = [await connectResp(t, door), await connectResp(t, door)]
    client.send(['SET', 'a', '1'], ['QUIT'], ['SET', 'a', '2'])
    assert.deepEqual(await client.rest(), ['OK', 'OK'])
    assert.equal(await other.ask('GET', 'a'), '1')
  })

  it('behind one that waits are not collected without a limit', async t => {
    const door = await openNetworkDoor(t, { queryBytesMax: 1_000_000 })
    const client = await connectResp(t, door)
    client.send(['BLPOP', 'list', '0'])
    const ping = Buffer.from('PING\r\n'.repeat(10_000))
    const closed = client.rest()
    const writing = setInterval(() => client.socket.write(ping), 1)
    t.after(() => clearInterval(writing))
    assert.deepEqual(await closed, [])
    assert.match(String((await door.event('store.client-closed')).reason), /sent more than it may/)
  })

  it('of a browser are none: it is closed before its page can say anything', async t => {
    const door = await openNetworkDoor(t)
    for (const first of ['POST / HTTP/1.1', 'Host: localhost:9980']) {
      const client = await connectResp(t, door)
      client.socket.write(`${first}\r\nContent-Type: text/plain\r\n\r\nSET a 1\r\n`)
      assert.deepEqual(await client.rest(), [])
    }
    const client = await connectResp(t, door)
    assert.equal(await client.ask('EXISTS', 'a'), 0)
  })
})

describe('who has not given the password', () => {
  it('is answered with NOAUTH, also to what is no command of theirs', async t => {
    const door = await openNetworkDoor(t, { password })
    const client = await connectResp(t, door)
    const asked = [
      ['GET', 'a'],
      ['MULTI'],
      ['SUBSCRIBE', 'a'],
      ['CLIENT', 'LIST'],
      ['saola.session', 'x', '0'],
      ['PING'],
    ]
    for (const reply of await client.askAll(...asked)) assert.equal(reply, '-NOAUTH Authentication required.')
    assert.match(String(await client.ask('HELLO', '3')), /^-NOAUTH HELLO must be called/)
    assert.match(String(await client.ask('HELLO', '3', 'AUTH', 'default', 'x')), /^-WRONGPASS /)
    assert.equal(
      await client.ask('AUTH', 'nobody', password),
      '-WRONGPASS invalid username-password pair or user is disabled.',
    )
    assert.equal(await client.ask('AUTH', 'default', password), 'OK')
    assert.equal(await client.ask('GET', 'a'), null)
  })

  it('may send what a password needs, and behind it anything', async t => {
    const door = await openNetworkDoor(t, { password })
    const client = await connectResp(t, door)
    const large = 'x'.repeat(1_000_000)
    assert.deepEqual(await client.askAll(['AUTH', password], ['SET', 'a', large], ['STRLEN', 'a']), [
      'OK',
      'OK',
      1_000_000,
    ])
  })

  const tooMuch: Readonly<Record<string, readonly [sent: string, reply: RegExp]>> = {
    'a long argument': ['*2\r\n$3\r\nGET\r\n$16385\r\n', /^-ERR Protocol error: unauthenticated bulk length$/],
    'many arguments': ['*11\r\n', /^-ERR Protocol error: unauthenticated multibulk length$/],
    'a long line': [`GET ${'x'.repeat(17_000)}`, /^-ERR Protocol error: too big inline request$/],
  }
  for (const [what, [sent, reply]] of Object.entries(tooMuch)) {
    it(`cannot send ${what}`, async t => {
      const door = await openNetworkDoor(t, { password })
      const client = await connectResp(t, door)
      client.socket.write(sent)
      const [only, ...others] = await client.rest()
      assert.match(String(only), reply)
      assert.deepEqual(others, [])
    })
  }

  it('cannot go on for ever', async t => {
    const door = await openNetworkDoor(t, { password })
    const client = await connectResp(t, door)
    const ping = Buffer.from('PING\r\n'.repeat(10_000))
    const closed = client.rest()
    const writing = setInterval(() => client.socket.write(ping), 1)
    t.after(() => clearInterval(writing))
    await closed
    assert.match(String((await door.event('store.client-closed')).reason), /gives no password/)
  })

  it('has to give it in time', async t => {
    const door = await openNetworkDoor(t, { password, loginMs: 1000 })
    const [silent, known] = [await connectResp(t, door), await connectResp(t, door)]
    assert.equal(await known.ask('AUTH', password), 'OK')
    assert.deepEqual(await silent.rest(), [])
    assert.equal(await known.ask('PING'), 'PONG')
    assert.match(String((await door.event('store.client-closed')).reason), /not given the password in time/)
  })

  it('has to make room for newer ones', async t => {
    const door = await openNetworkDoor(t, { password, clientsMax: 40 })
    const known = await connectResp(t, door)
    await known.ask('AUTH', password)
    const first = await connectResp(t, door)
    for (let i = 0; i < 16; i++) await connectResp(t, door)
    assert.deepEqual(await first.rest(), [])
    assert.equal(await known.ask('PING'), 'PONG')
  })
})

describe('whoever comes through the door', () => {
  it('writes no files of the host, and ends no owner, with the password or without', async t => {
    const door = await openNetworkDoor(t)
    const client = await connectResp(t, door)
    const asked = [
      ['saola.backup', '/tmp/x'],
      ['saola.restore', '/tmp/x'],
      ['saola.handover', 'x', '1'],
    ]
    const inside = await client.askAll(['MULTI'], ['saola.backup', '/tmp/x'], ['EXEC'])
    const replies = [...(await client.askAll(...asked)), inside[1]]
    for (const reply of replies) assert.match(String(reply), /^-NOPERM /)
  })

  it('and has a saola/store can do no less than the other who is here', async t => {
    const door = await openNetworkDoor(t)
    const client = await connectResp(t, door)
    await client.ask('HELLO', '3')
    await client.ask('saola.session', 'x'.repeat(16), '0')
    assert.match(String(await client.ask('saola.backup', '/tmp/x')), /^-NOPERM /)
    for (const words of [['MULTI'], ['SELECT', '1'], ['SUBSCRIBE', 'a'], ['RESET']]) {
      assert.match(String(await client.ask(...words)), /^-(?:STORE_UNSUPPORTED|ERR) /)
    }
    assert.equal(await client.ask('PING'), 'PONG')
  })

  it('that are wrong are shown as they were sent, in UTF-8', async t => {
    const door = await openNetworkDoor(t)
    const client = await connectResp(t, door)
    assert.equal(await client.ask('FOO', 'é'), "-ERR unknown command 'FOO', with args beginning with: 'é'")
    assert.match(String(await client.ask('CONFIG', 'é')), /^-ERR unknown subcommand 'é'/)
  })

  it('are listed with the fields that clients of Redis 7 read', async t => {
    const door = await openNetworkDoor(t)
    const client = await connectResp(t, door)
    const fields = new Map(
      String(await client.ask('CLIENT', 'INFO'))
        .trim()
        .split(' ')
        .map(field => field.split('=') as [string, string]),
    )
    const numbers =
      'id fd age idle db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem rbs rbp obl oll omem tot-mem redir resp'
    for (const name of numbers.split(' ')) assert.match(fields.get(name) ?? '', /^-?\d+$/, name)
    assert.match(fields.get('events') ?? '', /^rw?$/)
    assert.equal(fields.get('cmd'), 'client|info')
  })
})
