import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { runAgainstBoth } from './support/door.ts'

/** What is typed, and what redis-cli shows for it in its plain format. */
const conversation: readonly (readonly [typed: string, shown: string])[] = [
  ['FLUSHALL', 'OK'],
  ['SET text "hello you"', 'OK'],
  ['GET text', 'hello you'],
  ['SET text no NX', ''],
  ['STRLEN text', '9'],
  ['INCRBY number 9223372036854775807', '9223372036854775807'],
  ['INCR number', 'ERR increment or decrement would overflow\n'],
  ['LPUSH text x', 'WRONGTYPE Operation against a key holding the wrong kind of value\n'],
  ['SET', "ERR wrong number of arguments for 'set' command\n"],
  ['NOSUCH a "b c"', "ERR unknown command 'NOSUCH', with args beginning with: 'a' 'b c' \n"],
  ['CLIENT NOSUCH', "ERR unknown subcommand 'NOSUCH'. Try CLIENT HELP.\n"],
  ['HSET hash a 1 b 2', '2'],
  ['HGET hash b', '2'],
  ['RPUSH list c a b', '3'],
  ['LRANGE list 0 -1', 'c\na\nb'],
  ['SORT list ALPHA', 'a\nb\nc'],
  ['LPOP list 2', 'c\na'],
  ['SADD set a b', '2'],
  ['SISMEMBER set a', '1'],
  ['ZADD board 1 one 2.5 two', '2'],
  ['ZRANGE board 0 -1 WITHSCORES', 'one\n1\ntwo\n2.5'],
  ['ZSCORE board two', '2.5'],
  ['TTL text', '-1'],
  ['EXPIRE text 100', '1'],
  ['EXPIREAT text 4102444800', '1'],
  ['EXPIRETIME text', '4102444800'],
  ['SCAN 0 MATCH nothing*', '0\n'],
  ['MULTI', 'OK'],
  ['SET a 1', 'QUEUED'],
  ['INCR a', 'QUEUED'],
  ['EXEC', 'OK\n2'],
  ['WATCH a', 'OK'],
  ['SET a 5', 'OK'],
  ['MULTI', 'OK'],
  ['SET a 6', 'QUEUED'],
  ['EXEC', ''],
  ['EXEC', 'ERR EXEC without MULTI\n'],
  ['SELECT 2', 'OK'],
  ['DBSIZE', '0'],
  ['SELECT 16', 'ERR DB index is out of range\n'],
  ['SELECT 0', 'OK'],
  ['BLPOP nothing 0.01', ''],
  ['BLPOP list 1', 'list\nb'],
  ['CLIENT SETNAME worker', 'OK'],
  ['CLIENT GETNAME', 'worker'],
  ['CONFIG SET nosuch 1', "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'\n"],
  ['CONFIG SET maxmemory 1gb', 'OK'],
  ['CONFIG GET maxmemory', 'maxmemory\n1073741824'],
  ['COMMAND GETKEYS ZUNIONSTORE to 2 a b', 'to\na\nb'],
  ['PUBLISH news hello', '0'],
  ['AUTH secret', withoutPassword()],
  ['ECHO "\\x00\\xff"', '\0\xff'],
  ['DEL text number hash set board a', '6'],
]

test('redis-cli shows what it shows of Redis', async t => {
  await runAgainstBoth(t, async path => {
    const shown = await type(
      path,
      [],
      conversation.map(([typed]) => typed),
    )
    assert.equal(shown, conversation.map(([, answer]) => `${answer}\n`).join(''))
  })
})

test('redis-cli shows the types of RESP3', async t => {
  await runAgainstBoth(t, async path => {
    const lines = [
      'HSET hash a 1',
      'HGETALL hash',
      'SADD set m',
      'SMEMBERS set',
      'ZADD board 2.5 m',
      'ZSCORE board m',
      'GET none',
    ]
    const shown = await type(path, ['-3', '--no-raw'], lines)
    const wanted = ['(integer) 1', '1# "a" => "1"', '(integer) 1', '1~ "m"', '(integer) 1', '(double) 2.5', '(nil)']
    assert.equal(shown, wanted.map(line => `${line}\n`).join(''))
  })
})

function withoutPassword(): string {
  const called = 'AUTH <password> called without any password configured for the default user.'
  return `ERR ${called} Are you sure your configuration is correct?\n`
}

/** Its output for these lines, as latin1. */
async function type(path: string, options: readonly string[], lines: readonly string[]): Promise<string> {
  const child = spawn('redis-cli', ['-s', path, ...options], { stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.setEncoding('latin1').on('data', part => {
    text += part
  })
  child.stdin.end(lines.map(line => `${line}\n`).join(''))
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
  return text
}
