import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryEngine } from '../engines/memory.ts'
import type { Reply } from '../resp/reply.ts'
import { Cursors, cursorOf } from './cursors.ts'

test('places are kept up to a number and a size, the oldest forgotten first, and told apart by what is scanned', () => {
  const cursors = new Cursors()
  const first = cursorOf(cursors.keep('database 0', Buffer.from('first')))
  assert.deepEqual(cursors.find('database 0', first), Buffer.from('first'))
  assert.equal(cursors.find('database 1', first), undefined)
  for (let i = 0; i < 9_999; i++) cursors.keep('database 0', Buffer.from('x'))
  assert.deepEqual(cursors.find('database 0', first), Buffer.from('first'))
  const last = cursorOf(cursors.keep('database 0', Buffer.from('last')))
  assert.equal(cursors.find('database 0', first), undefined)
  const large = [1, 2, 3].map(() => cursorOf(cursors.keep('database 0', Buffer.alloc(7 * 1024 ** 2))))
  assert.equal(cursors.find('database 0', last), undefined)
  assert.deepEqual(
    large.map(cursor => cursors.find('database 0', cursor) !== undefined),
    [false, true, true],
  )
})

test('a cursor can be used twice, and one of an owner before begins anew', async () => {
  const [engine, next] = [new MemoryEngine(), new MemoryEngine()]
  for (const each of [engine, next]) await each.call(['mset', 'a', '1', 'b', '1', 'c', '1', '', '1', '\0', '1'])
  const scan = async (of: MemoryEngine, cursor: string) => shown(await of.call(['scan', cursor, 'count', '2']))
  const [cursor, names] = await scan(engine, '0')
  assert.deepEqual(names, ['', '\0'])
  assert.deepEqual((await scan(engine, cursor))[1], ['a', 'b'])
  assert.deepEqual((await scan(engine, cursor))[1], ['a', 'b'])
  assert.deepEqual((await scan(next, cursor))[1], ['', '\0'])
  for (const each of [engine, next]) await each.close()
})

test('a scan of a prefix looks at nothing else', async () => {
  const engine = new MemoryEngine()
  for (let i = 0; i < 50; i++) await engine.call(['mset', `a:${i}`, '1', `b:${i}`, '1'])
  const [cursor, names] = shown(await engine.call(['scan', '0', 'match', 'b:*', 'count', '60']))
  assert.deepEqual([cursor, names.length], ['0', 50])
  await engine.close()
})

function shown(reply: Reply): [cursor: string, names: string[]] {
  const [cursor, names] = reply as [Buffer, Buffer[]]
  return [String(cursor), names.map(String)]
}
