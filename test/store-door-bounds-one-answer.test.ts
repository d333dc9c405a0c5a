import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { after, describe, it } from 'node:test'
import { openNetworkDoor } from './support/network-door.ts'
import { connectResp, type RespClient } from './support/resp-client.ts'

const megabyte = 1024 ** 2
const outputBytesMax = 4 * megabyte
const names = Array.from({ length: 20 }, (_, i) => `s${i}`)
/** Asked for so often, a megabyte is a gigabyte. */
const often = Array.from({ length: 1000 }, () => 's0')
const tooLarge = 'the answer is larger than a client may leave unread, 4194304 bytes'

const file = { after: (work?: unknown) => after(work as () => void) }
const door = await openNetworkDoor(file, { outputBytesMax })
const other = await connectResp(file, door)
for (const [i, name] of names.entries()) {
  const value = Buffer.alloc(megabyte, i + 1)
  await other.askAll(
    ['SET', name, value],
    ['HSET', 'hash', name, value],
    ['RPUSH', 'list', value],
    ['SADD', 'set', value],
    ['SADD', 'numbers', String(i)],
  )
}

describe('one answer that is larger than a client may leave unread', () => {
  const asked = {
    MGET: [['MGET', ...names]],
    HMGET: [['HMGET', 'hash', ...names]],
    HGETALL: [['HGETALL', 'hash']],
    HVALS: [['HVALS', 'hash']],
    LRANGE: [['LRANGE', 'list', '0', '-1']],
    SMEMBERS: [['SMEMBERS', 'set']],
    'SORT with GET': [['SORT', 'numbers', 'GET', 's*']],
    'EXEC of many GETs': [['MULTI'], ...names.map(name => ['GET', name]), ['EXEC']],
  }
  for (const [what, commands] of Object.entries(asked)) {
    it(`is not made, of ${what}: the client is cut off, and others go on`, async t => {
      assert.equal(await reasonFor(await connectResp(t, door), commands), tooLarge)
      assert.equal(await other.ask('STRLEN', 's0'), megabyte)
    })
  }

  const large = {
    MGET: [['MGET', ...often]],
    'EXEC of many GETs': [['MULTI'], ...often.map(name => ['GET', name]), ['EXEC']],
    'EXEC of many LRANGEs': [['MULTI'], ...often.map(() => ['LRANGE', 'list', '0', '2']), ['EXEC']],
  }
  for (const [what, commands] of Object.entries(large)) {
    it(`takes memory of some times the limit, and not of a gigabyte, of ${what}`, async t => {
      const client = await connectResp(t, door)
      const grown = await growthBy(() => reasonFor(client, commands))
      t.diagnostic(`${Math.round(grown / megabyte)} MB`)
      assert.ok(grown < 100 * megabyte, `${grown / megabyte} MB`)
    })
  }

  it('takes no elements away', async t => {
    const take = [
      ['LPOP', 'list', '99'],
      ['LMPOP', '1', 'list', 'RIGHT', 'COUNT', '99'],
    ]
    for (const command of take) {
      assert.equal(await reasonFor(await connectResp(t, door), [command]), tooLarge)
      assert.equal(await other.ask('LLEN', 'list'), names.length)
    }
  })

  it('undoes what its EXEC has changed', async t => {
    const commands = [['MULTI'], ['SET', 'changed', '1'], ['MGET', ...names], ['EXEC']]
    assert.equal(await reasonFor(await connectResp(t, door), commands), tooLarge)
    assert.equal(await other.ask('EXISTS', 'changed'), 0)
  })

  it('may be one of very many short elements', async t => {
    const short = Array.from({ length: 100_000 }, () => 'x')
    await other.ask('RPUSH', 'short', ...short)
    assert.equal(await reasonFor(await connectResp(t, door), [['LRANGE', 'short', '0', '-1']]), tooLarge)
    assert.equal(await lengthOf(other, 'LRANGE', 'short', '0', '20000'), 20_001)
  })

  it('is one, and not several that fit', async () => {
    for (let i = 0; i < 5; i++) {
      assert.equal(await lengthOf(other, 'MGET', 's0', 's1', 's2'), 3)
      assert.equal(await lengthOf(other, 'LRANGE', 'list', '1', '3'), 3)
    }
  })
})

/** Why a client is cut off that asks for this. */
async function reasonFor(client: RespClient, commands: string[][]): Promise<unknown> {
  const known = door.events.length
  client.send(...commands)
  await client.rest()
  return door.events.slice(known).find(({ event }) => event === 'store.client-closed')?.fields.reason
}

async function lengthOf(client: RespClient, ...command: string[]): Promise<number> {
  return ((await client.ask(...command)) as unknown[]).length
}

/** How much more memory this process, which is the owner, has at the peak than before. */
async function growthBy(work: () => Promise<unknown>): Promise<number> {
  const memory = (name: string) =>
    1024 * Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync('/proc/self/status', 'latin1'))?.[1])
  // From now on the peak is counted anew.
  writeFileSync('/proc/self/clear_refs', '5')
  const rss = memory('VmRSS')
  await work()
  return memory('VmHWM') - rss
}
