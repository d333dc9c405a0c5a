import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Redis } from 'ioredis'
import { redisArityOf, redisFlagsOf, redisKeysOf } from '../src/store/commands/describe-command.ts'
import { leftOut } from '../src/store/commands/left-out.ts'
import { commands } from '../src/store/commands/table.ts'
import { startRedis } from './support/redis-server.ts'

// What clients send requests by: to a replica, to the node of a key, on a connection of their own.
const flagsCompared = ['write', 'readonly', 'blocking']

type Described = readonly [name: string, arity: number, flags: string[], first: number, last: number, step: number]

test('every command of redis-server is here with its arity, keys and flags, or is left out for a reason', async t => {
  const server = await startRedis(t)
  const redis = new Redis(server.port)
  t.after(() => redis.disconnect())
  const theirs = (await redis.call('COMMAND')) as Described[]
  const without = new Set(leftOut.flatMap(({ names }) => names.split(' ')))
  assert.ok(theirs.length > 200)
  const missing = theirs.map(([name]) => name).filter(name => !commands.has(name) && !without.has(name))
  assert.deepEqual(missing, [])
  const different = theirs.flatMap(([name, arity, flags, ...keys]) => {
    const command = commands.get(name)
    if (!command) return []
    const ours = {
      name,
      arity: redisArityOf(command),
      keys: redisKeysOf(command),
      flags: picked(redisFlagsOf(command)),
    }
    const wanted = { name, arity, keys: keys.slice(0, 3), flags: picked(flags) }
    return JSON.stringify(ours) === JSON.stringify(wanted) ? [] : [{ ours, wanted }]
  })
  assert.deepEqual(different, [])
})

function picked(flags: readonly string[]): string[] {
  return flagsCompared.filter(flag => flags.includes(flag))
}
