import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startTurns } from '../../test/support/busy-machine.ts'
import { startRedis } from '../../test/support/redis-server.ts'
import { until } from '../../test/support/until.ts'
import type { EntryView, KeyView, TopicMessage } from '../dashboard/api.ts'
import type { StorePort } from '../dashboard/server/ports.ts'
import { openStore } from '../store/open-store.ts'
import { defaultSpec, socketOf } from '../store/owner/owner-spec.ts'
import type { Store } from '../store/store.ts'
import { type OpenStorePort, openStorePort } from './monitor-store.ts'

interface Subject {
  readonly store: Store
  readonly port: StorePort
}

const dir = mkdtempSync(join(tmpdir(), 'saola-look-'))
const place = JSON.stringify({ ...defaultSpec, dir })
const opened: { store: Store; look: OpenStorePort }[] = []
const subjects: Record<string, Subject> = {}

const redis = await startRedis({ after: close => after(close as () => Promise<void>) })

before(async () => {
  const add = (name: string, store: Store, at: string) => {
    const look = openStorePort(at)
    opened.push({ store, look })
    subjects[name] = { store, port: look.port }
  }
  add('a folder', openStore({ dir }), place)
  add('Redis', openStore({ url: redis.url }), JSON.stringify({ url: redis.url, valueBytesMax: 1024 ** 3 }))
  await Promise.all(opened.map(({ store }) => store.command('flushall')))
})

after(async () => {
  await Promise.all(opened.map(async ({ store, look }) => Promise.all([store.close(), look.close()])))
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

function onEach(title: string, check: (subject: Subject) => Promise<void>): void {
  for (const name of ['a folder', 'Redis']) {
    test(`${title} (${name})`, async () => {
      const subject = subjects[name] as Subject
      await subject.store.command('flushall')
      await check(subject)
    })
  }
}

const idOf = (name: string | Buffer) => Buffer.from(name).toString('base64url')

async function allKeys(port: StorePort, prefix = ''): Promise<string[]> {
  const names: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await port.keys({ prefix, after })
    names.push(...page.keys.map(({ name }) => name))
    if (page.next === undefined) return names
    after = page.next
  }
}

async function allEntries(port: StorePort, name: string): Promise<EntryView[]> {
  const entries: EntryView[] = []
  for (let after: string | undefined; ; ) {
    const view = (await port.key({ id: idOf(name), after })) as KeyView
    entries.push(...view.entries)
    if (view.next === undefined) return entries
    after = view.next
  }
}

test('a look at a store that nobody has used starts no owner and makes no file', async () => {
  const unused = mkdtempSync(join(tmpdir(), 'saola-unused-'))
  const { port, close } = openStorePort(JSON.stringify({ ...defaultSpec, dir: unused }))
  try {
    assert.deepEqual(await port.view(), { state: 'idle', place: unused, isRemote: false, info: {} })
    assert.deepEqual(await port.keys({ prefix: '', after: undefined }), { keys: [], next: undefined, spaces: [] })
    const idle = { code: 'STORE_UNAVAILABLE', message: /Nobody has used the store/ }
    await assert.rejects(port.key({ id: 'YQ', after: undefined }), idle)
    await assert.rejects(port.set({ id: 'YQ', value: '1' }), idle)
    await assert.rejects(
      port.listen(
        '*',
        () => {},
        () => {},
      ),
      idle,
    )
    assert.equal(existsSync(socketOf(unused)), false)
    assert.equal(existsSync(join(unused, 'store.db')), false)
  } finally {
    await close()
    rmSync(unused, { recursive: true })
  }
})

test('a Redis that is not there is an error that says so soon, without its password', async t => {
  const { port, close } = openStorePort(JSON.stringify({ url: 'redis://ann:secret@127.0.0.1:1/0', valueBytesMax: 1 }))
  const passedMs = startTurns(t)
  try {
    await assert.rejects(port.view(), ({ code, message }: Error & { code: string }) => {
      assert.match(code, /^STORE_(UNAVAILABLE|TIMEOUT)$/)
      assert.doesNotMatch(message, /secret/)
      return true
    })
    // Three seconds; a call alone would try for ten.
    assert.ok(passedMs() < 5_000, `${passedMs()} ms`)
  } finally {
    await close()
  }
})

onEach('keys come in pages, each once, with type, size and time to live', async ({ store, port }) => {
  const many = Array.from({ length: 350 }, (_, i) => `many:${String(i).padStart(4, '0')}`)
  await store.command('mset', ...many.flatMap(name => [name, 'x']))
  await store.command('hset', 'one:hash', 'a', '1', 'b', '2')
  await store.command('rpush', 'one:list', 'a', 'b', 'c')
  await store.command('sadd', 'one:set', 'a')
  await store.command('zadd', 'one:zset', 1.5, 'a')
  await store.command('set', 'one:text', 'hello', 'PX', 60_000)
  assert.deepEqual([...new Set(await allKeys(port, 'many:'))].sort(), many)
  const { keys, next } = await port.keys({ prefix: 'one:', after: undefined })
  assert.equal(next, undefined)
  assert.deepEqual(
    keys.map(({ name, type, size }) => [name, type, size]),
    [
      ['one:hash', 'hash', 2],
      ['one:list', 'list', 3],
      ['one:set', 'set', 1],
      ['one:text', 'string', 5],
      ['one:zset', 'zset', 1],
    ],
  )
  const left = (keys[3]?.expiresAt ?? 0) - Date.now()
  assert.ok(left > 50_000 && left <= 60_000, `${left} ms`)
  assert.equal(keys[0]?.expiresAt, undefined)
  assert.equal((await port.view()).state, 'open')
})

onEach('a prefix is meant as it is written, and a key may be any bytes', async ({ store, port }) => {
  const bytes = Buffer.from([0xff, 0x00, 0x0a, 0x41])
  for (const name of ['a*b', 'a*c', 'aXb', 'a\\b', '[a]', '__proto__', bytes]) await store.command('set', name, '1')
  assert.deepEqual(await allKeys(port, 'a*'), ['a*b', 'a*c'])
  assert.deepEqual(await allKeys(port, 'a\\'), ['a\\b'])
  assert.deepEqual(await allKeys(port, '[a'), ['[a]'])
  const { keys } = await port.keys({ prefix: '', after: undefined })
  const found = keys.find(({ id }) => id === bytes.toString('base64url'))
  assert.equal(found?.name, '\ufffd\0\nA')
  await port.set({ id: idOf(bytes), value: '2', was: '1' })
  assert.equal(String(await store.command('get', bytes)), '2')
})

onEach(
  'namespaces are named up to the next colon, and what Saola has written says what for',
  async ({ store, port }) => {
    const names = Array.from({ length: 300 }, (_, i) => `${['cart', 'user', 'session'][i % 3]}:${i}:x`)
    await store.command('mset', ...names.flatMap(name => [name, '1']), 'plain', '1')
    await store.command('set', 'ratelimit:web:0123456789ab:10.0.0.1', '0 1')
    const { spaces } = await port.keys({ prefix: '', after: undefined })
    assert.ok(
      ['cart:', 'session:', 'user:'].every(space => spaces.includes(space)),
      spaces.join(' '),
    )
    const { keys } = await port.keys({ prefix: 'ratelimit:', after: undefined })
    assert.equal(keys[0]?.purpose, 'rate limit of web')
  },
)

onEach('large structures come in pages, whole and in bounds', async ({ store, port }) => {
  const numbers = Array.from({ length: 250 }, (_, i) => i)
  await store.command('hset', 'h', ...numbers.flatMap(i => [`f${String(i).padStart(3, '0')}`, i]))
  await store.command('rpush', 'l', ...numbers)
  await store.command('sadd', 's', ...numbers.map(i => `m${i}`))
  await store.command('zadd', 'z', ...numbers.flatMap(i => [i / 2, `m${String(i).padStart(3, '0')}`]))
  const fields = await allEntries(port, 'h')
  assert.deepEqual(
    fields.map(({ value }) => Number(value)).sort((a, b) => a - b),
    numbers,
  )
  assert.equal(fields.find(({ field }) => field === 'f042')?.value, '42')
  const items = await allEntries(port, 'l')
  assert.deepEqual(
    items.map(({ field, value }) => [field, value]),
    numbers.map(i => [String(i), String(i)]),
  )
  assert.equal(new Set((await allEntries(port, 's')).map(({ value }) => value)).size, 250)
  const scores = await allEntries(port, 'z')
  assert.deepEqual([scores[3]?.field, scores[3]?.value, scores.length], ['m003', '1.5', 250])
  assert.equal(await port.key({ id: idOf('absent'), after: undefined }), undefined)
})

onEach('names of any length come in pages, and the place of the next one stays short', async ({ store, port }) => {
  const names = Array.from({ length: 130 }, (_, i) => `${String(i).padStart(3, '0')}${'n'.repeat(30_000)}`)
  for (const name of names) await store.command('set', name, '1')
  await store.command('sadd', 'zz', ...names)
  for (const after of [undefined, (await port.keys({ prefix: '', after: undefined })).next]) {
    assert.ok((after ?? '').length < 8_000)
  }
  const found = await allKeys(port)
  assert.deepEqual(found.map(name => name.slice(0, 3)).sort(), [...names.map(name => name.slice(0, 3)), 'zz'].sort())
  const members = await allEntries(port, 'zz')
  assert.deepEqual(members.map(({ value }) => value).sort(), names)
  await port.delete({ id: idOf('zz'), ...(members[0]?.fieldId && { fieldId: members[0].fieldId }) })
  assert.equal(await store.command('scard', 'zz'), 129)
})

onEach('values are cut at 64 KiB between letters, JSON is known, and bytes are base64', async ({ store, port }) => {
  await store.command('set', 'long', 'é'.repeat(500_000))
  await store.command('set', 'bytes', Buffer.from([0xff, 0xfe]))
  await store.command('set', 'json', '{"a":[1]}')
  await store.command('hset', 'large', ...Array.from({ length: 60 }, (_, i) => [`f${i}`, 'x'.repeat(100_000)]).flat())
  const one = async (name: string) => (await port.key({ id: idOf(name), after: undefined }))?.entries[0] as EntryView
  const long = await one('long')
  assert.deepEqual([long.bytes, long.isCut, Buffer.byteLength(long.value)], [1_000_000, true, 65_536])
  assert.match(long.value, /^é+$/)
  assert.deepEqual(await one('bytes'), { field: undefined, value: '//4=', encoding: 'base64', bytes: 2, isCut: false })
  assert.equal((await one('json')).encoding, 'json')
  const page = (await port.key({ id: idOf('large'), after: undefined })) as KeyView
  assert.ok(JSON.stringify(page).length < 4 * 1024 ** 2)
  assert.ok(page.next !== undefined && page.entries.length < 60)
  assert.equal((await allEntries(port, 'large')).length, 60)
})

onEach('a value is set only if it still is what was shown, and what was JSON stays JSON', async ({ store, port }) => {
  await store.command('set', 'k', '{"n":1}', 'PX', 60_000)
  const id = idOf('k')
  await store.command('set', 'k', '{"n":2}', 'KEEPTTL')
  await assert.rejects(port.set({ id, value: '{"n":9}', was: '{"n":1}' }), { code: 'STORE_CONFLICT' })
  await assert.rejects(port.set({ id, value: '{n:9', was: '{"n":2}' }), { code: 'STORE_VALUE_INVALID' })
  await port.set({ id, value: '{"n":9}', was: '{"n":2}' })
  assert.equal(String(await store.command('get', 'k')), '{"n":9}')
  assert.ok(((await store.command('pttl', 'k')) as number) > 0, 'the time to live stays')
  await port.set({ id, value: 'plain', was: '{"n":9}', asText: true })
  assert.equal(String(await store.command('get', 'k')), 'plain')
  await assert.rejects(port.set({ id: idOf('gone'), value: 'x', was: 'y' }), { code: 'ERR_STORE_KEY_ABSENT' })
})

onEach('fields, elements and scores are set where they are', async ({ store, port }) => {
  await store.map('m').set('a', 1, { ttl: '1m' })
  await store.command('rpush', 'l', 'a', 'b', 'c')
  await store.command('zadd', 'z', 1, 'm')
  await store.command('sadd', 's', 'm')
  const field = Buffer.from([0xff, 0x41])
  await store.command('hset', 'b', field, 'x')
  await port.set({ id: idOf('m'), field: 'a', value: '2', was: '1' })
  const [entry] = await allEntries(port, 'm')
  assert.equal(entry?.value, '2')
  assert.ok((entry?.expiresAt ?? 0) > Date.now(), 'the field keeps its time to live')
  await assert.rejects(port.set({ id: idOf('m'), field: 'a', value: '3', was: '1' }), { code: 'STORE_CONFLICT' })
  await port.set({ id: idOf('l'), field: '1', value: 'B', was: 'b' })
  assert.deepEqual(((await store.command('lrange', 'l', 0, -1)) as Buffer[]).map(String), ['a', 'B', 'c'])
  await port.set({ id: idOf('z'), field: 'm', value: '2.5', was: '1' })
  assert.equal((await allEntries(port, 'z'))[0]?.value, '2.5')
  await assert.rejects(port.set({ id: idOf('z'), field: 'm', value: 'x' }), { code: 'STORE_VALUE_INVALID' })
  await assert.rejects(port.set({ id: idOf('s'), field: 'm', value: 'x' }), { code: 'STORE_WRONG_TYPE' })
  const [odd] = await allEntries(port, 'b')
  await port.set({ id: idOf('b'), ...(odd?.fieldId && { fieldId: odd.fieldId }), value: 'y', was: 'x' })
  assert.equal(String(await store.command('hget', 'b', field)), 'y')
})

onEach('keys, fields and elements are deleted, but not what has come in their place', async ({ store, port }) => {
  await store.command('hset', 'h', 'a', '1', '__proto__', '2')
  await store.command('rpush', 'l', 'a', 'b', 'a')
  await store.command('sadd', 's', 'a', 'b')
  await store.command('set', 'k', '1')
  await assert.rejects(port.delete({ id: idOf('h'), field: 'a', was: '0' }), { code: 'STORE_CONFLICT' })
  await port.delete({ id: idOf('h'), field: '__proto__', was: '2' })
  assert.deepEqual(
    (await allEntries(port, 'h')).map(({ field }) => field),
    ['a'],
  )
  await assert.rejects(port.delete({ id: idOf('l'), field: '1', was: 'a' }), { code: 'STORE_CONFLICT' })
  await port.delete({ id: idOf('l'), field: '2', was: 'a' })
  assert.deepEqual(((await store.command('lrange', 'l', 0, -1)) as Buffer[]).map(String), ['a', 'b'])
  await port.delete({ id: idOf('s'), fieldId: idOf('a') })
  assert.deepEqual(
    (await allEntries(port, 's')).map(({ value }) => value),
    ['b'],
  )
  await assert.rejects(port.delete({ id: idOf('k'), was: '2' }), { code: 'STORE_CONFLICT' })
  await port.delete({ id: idOf('k'), was: '1' })
  await assert.rejects(port.delete({ id: idOf('k') }), { code: 'ERR_STORE_KEY_ABSENT' })
  await assert.rejects(port.delete({ id: '$$' }), { code: 'STORE_ARGUMENT_INVALID' })
})

onEach('a time to live is set and taken away', async ({ store, port }) => {
  await store.command('set', 'k', '1')
  await port.expire({ id: idOf('k'), ttlMs: 60_000 })
  assert.ok(((await store.command('pttl', 'k')) as number) > 50_000)
  await port.expire({ id: idOf('k'), ttlMs: null })
  assert.equal(await store.command('pttl', 'k'), -1)
  await port.expire({ id: idOf('k'), ttlMs: null })
  await assert.rejects(port.expire({ id: idOf('none'), ttlMs: null }), { code: 'ERR_STORE_KEY_ABSENT' })
})

onEach('messages of topics are heard from then on, long ones cut', async ({ store, port }) => {
  const heard: TopicMessage[] = []
  const end = await port.listen(
    'chat:*',
    message => heard.push(message),
    () => {},
  )
  await store.topic('chat:<b>').publish('hello')
  await store.topic('other').publish('no')
  await store.topic('chat:2').publish('x'.repeat(20_000))
  await until('two messages', () => heard.length === 2)
  assert.deepEqual([heard[0]?.topic, heard[0]?.message, heard[0]?.isCut], ['chat:<b>', '"hello"', false])
  assert.deepEqual([heard[1]?.message.length, heard[1]?.isCut], [16 * 1024, true])
  end()
})
