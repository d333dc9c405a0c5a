import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore, type Store } from '../src/store.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { tlsFiles } from './support/network-door.ts'
import { startRedis } from './support/redis-server.ts'
import { storeFolder } from './support/store-script.ts'
import { serveStore } from './support/store-server.ts'
import { root } from './support/tree.ts'
import { markName } from './support/tree-processes.ts'

const users = 180
// What goes all of the ways.
const few = 10
const names = Array.from({ length: users }, (_, i) => `user:${i}`)

test('a store goes through the doors of two others, with and without TLS and a password, and comes back', async t => {
  const folder = storeFolder(t)
  const { cert, key } = tlsFiles(t)
  const plain = await serveStore(t)
  const secured = await serveStore(t, {
    args: ['--tls-cert', cert, '--tls-key', key],
    env: { SAOLA_STORE_PASSWORD: 'the secret' },
  })
  const filledAt = Date.now()
  {
    await using store = folder.open()
    await fill(store, names.slice(0, few))
    await store.list<string>('list').push(...names)
    await store.command('set', 'ends', 'later', 'px', 7_200_000)
    await store.sortedSet('sorted').add('ann', 1.5)
  }
  const plainUrl = `saola://127.0.0.1:${plain.port}`
  const securedUrl = `saolas://:the%20secret@localhost:${secured.port}?ca=${cert}`
  const back = join(folder.dir, 'back')
  const copyAll = async (from: string, to: string, count: number) => {
    const { code, stdout, stderr } = await copy(folder.mark, from, to, '--json')
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), {
      ...{ keys: count + 3, types: { hash: count, list: 1, string: 1, zset: 1 }, differences: [], leftOut: [] },
    })
  }
  await copyAll(folder.dir, plainUrl, few)
  {
    // So many at once, each with entries of its own time to live, are more calls than a connection takes.
    await using store = openStore({ url: plainUrl })
    await fill(store, names.slice(few))
    await copyAll(plainUrl, securedUrl, users)
    await using other = openStore({ url: securedUrl })
    for (const each of [store, other]) {
      assert.equal(await each.map('user:179').get('29'), 'user:179')
      await each.command('del', ...names.slice(few))
    }
  }
  await copyAll(securedUrl, back, few)
  for (const place of [{ url: plainUrl }, { url: securedUrl }, { dir: back }]) {
    await using store = openStore(place)
    assert.equal(await store.map('user:7').get('29'), 'user:7')
    const [entry = 0, whole = 0] = [await store.map('user:0').ttl('0'), await store.ttl('ends')]
    const goneMs = Date.now() - filledAt + 1_000
    assert.ok(entry <= 3_600_000 && entry > 3_600_000 - goneMs, String(entry))
    assert.ok(whole <= 7_200_000 && whole > 7_200_000 - goneMs, String(whole))
    assert.deepEqual(await store.list('list').toArray(), names)
  }
  const itself = await copy(folder.mark, plain.dir, plainUrl, '--replace')
  assert.equal(itself.code, 2)
  assert.match(itself.stderr, /both are the same store/)
  const wrong = await copy(folder.mark, securedUrl.replace('secret', 'guess'), join(folder.dir, 'none'))
  assert.match(wrong.stderr, /refused the password.*STORE_NO_AUTH/)
  assert.doesNotMatch(wrong.stderr, /guess/)
})

test('one database is copied, that of the address, and those that are left out are named', async t => {
  const folder = storeFolder(t)
  const redis = await startRedis(t)
  {
    await using first = openStore({ url: redis.url })
    await first.counter('first').increment()
    await using third = openStore({ url: `${redis.url}/3` })
    await third.counter('third').increment()
  }
  const copied = await copy(folder.mark, `${redis.url}/3`, folder.dir)
  assert.deepEqual([copied.code, copied.stdout.includes('1 keys were copied')], [0, true])
  assert.match(copied.stderr, /^Database 0 holds keys too: one database was copied, that of the address, else 0\.$/m)
  await using store = folder.open()
  assert.deepEqual(await Array.fromAsync(store.keys()), ['third'])
  const all = await copy(folder.mark, folder.dir, `${redis.url}/4`)
  assert.deepEqual([all.code, all.stderr.includes('holds keys too')], [0, false])
})

test('the help names every kind of address, and says that one database is copied', async t => {
  const { stdout } = await copy(storeFolder(t).mark, '--help')
  for (const word of ['saola://', 'saolas://', 'redis://', 'rediss://', 'redis+unix://'])
    assert.ok(stdout.includes(word))
  assert.match(stdout, /One database is copied/)
})

async function fill(store: Store, maps: readonly string[]): Promise<void> {
  await Promise.all(maps.map(name => store.map(name).setMany(fieldsOf(name), { ttl: '1h' })))
}

function fieldsOf(name: string): (readonly [string, string])[] {
  return Array.from({ length: 120 }, (_, i) => [String(i), name] as const)
}

function copy(mark: string, ...args: string[]): Promise<{ code: unknown; stdout: string; stderr: string }> {
  const env = { ...process.env, [markName]: mark, NODE_TEST_CONTEXT: undefined }
  return new Promise(resolve => {
    execFile(
      process.execPath,
      [join(root, 'dist', 'bin.js'), 'store', 'copy', ...args],
      { env, timeout: 2 * waitTimeoutMs },
      (error, stdout, stderr) => resolve({ code: error ? error.code : 0, stdout, stderr }),
    )
  })
}
