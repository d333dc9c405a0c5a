import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { storedName } from '../database/key-names.ts'
import { Keyspace, keyTypes } from '../database/keyspace.ts'
import { schema } from '../database/schema.ts'
import { MemoryEngine } from '../engines/memory.ts'
import { randomKey } from './random-key.ts'

function openKeyspace(): Keyspace {
  const database = new DatabaseSync(':memory:')
  database.exec(schema)
  return new Keyspace(database, { isOwner: true })
}

test('keys that go to another database are counted there', () => {
  const keyspace = openKeyspace()
  const counts = () => [0, 1].map(number => keyspace.countLiving(number))
  for (const name of ['a', 'b', '\0c', '']) keyspace.create(storedName(0, Buffer.from(name)), keyTypes.string)
  assert.deepEqual(counts(), [4, 0])
  const entry = keyspace.find(Buffer.from('a'))
  assert.ok(entry)
  keyspace.rename(entry, storedName(1, Buffer.from('a')))
  assert.deepEqual(counts(), [3, 1])
  keyspace.swap(0, 1)
  assert.deepEqual(counts(), [1, 3])
  assert.ok(keyspace.find(Buffer.from('a')))
  for (const name of ['b', '\0c', '']) assert.ok(keyspace.find(storedName(1, Buffer.from(name))), JSON.stringify(name))
  keyspace.database.close()
})

test('any key is as likely as another, also when many have come since the marks were set', () => {
  const keyspace = openKeyspace()
  keyspace.database.exec('BEGIN')
  const add = (prefix: string, count: number) => {
    for (let i = 0; i < count; i++)
      keyspace.create(Buffer.from(`${prefix}:${String(i).padStart(6, '0')}`), keyTypes.string)
  }
  add('m', 5000)
  assert.ok(randomKey(keyspace, 0))
  add('a', 1200)
  const draws = Array.from({ length: 6000 }, () => String(randomKey(keyspace, 0)))
  const late = draws.filter(name => name >= 'm:004000').length
  const fresh = draws.filter(name => name.startsWith('a')).length
  // A fifth of the draws falls on each stretch between two marks: 1,200 on the last thousand, and as many on the 2,200 keys of
  // the first one, 655 of them on the new ones. The limits are six standard deviations away.
  assert.ok(late > 1000 && late < 1400, `${late} of the last thousand`)
  assert.ok(fresh > 500 && fresh < 810, `${fresh} of the new ones`)
  assert.ok(new Set(draws).size > 3000)
  assert.equal(randomKey(keyspace, 3), undefined)
  keyspace.database.exec('ROLLBACK')
  keyspace.database.close()
})

test('a copy of any type is a key of its own, with its time to live', async () => {
  const engine = new MemoryEngine({ now: () => 1_000_000 })
  await engine.call(['rpush', 'list', 'x', 'y'])
  await engine.call(['zadd', 'zset', ...Array.from({ length: 5000 }, (_, i) => [i, `m${i}`]).flat()])
  await engine.call(['saola.map.set', 'hash', 500, '-', 'f', 'v'])
  await engine.call(['pexpire', 'list', 700])
  for (const name of ['list', 'zset', 'hash']) {
    assert.equal(await engine.call(['copy', name, `copy:${name}`]), 1)
    await engine.call(['del', name])
  }
  assert.deepEqual(String(await engine.call(['lrange', 'copy:list', 0, -1])), 'x,y')
  assert.equal(await engine.call(['pttl', 'copy:list']), 700)
  assert.equal(await engine.call(['zrank', 'copy:zset', 'm4321']), 4321)
  assert.equal(await engine.call(['zcard', 'copy:zset']), 5000)
  assert.equal(await engine.call(['saola.map.ttl', 'copy:hash', 'f']), 500)
  await engine.close()
})
