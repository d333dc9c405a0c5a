/** What an application has to name can be imported from `saola/store`, and is inferred where it need not be named. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import * as z from 'zod'
import type * as saola from '../store.ts'
import { createTestStore } from './test-store.ts'

const files = [
  ...['cache', 'counter', 'list', 'lock', 'lock-handle', 'map', 'set', 'sorted-set', 'topic', 'transaction', 'watch'],
]
/** Nobody outside gets or gives these. */
const internal = new Set(['Grant', 'Transactional', 'Written'])

test('each type of a structure is exported', () => {
  const read = (...path: string[]) => readFileSync(join(import.meta.dirname, ...path), 'utf8')
  const exported = new Set(read('..', 'store.ts').match(/\b[A-Z]\w+/g))
  for (const file of files) {
    const source = read('structures', `${file}.ts`)
    const names = [...source.matchAll(/^export (?:interface|type|class) (\w+)/gm)].map(([, name = '']) => name)
    assert.ok(names.length > 0)
    assert.deepEqual(
      names.filter(name => !exported.has(name) && !internal.has(name)),
      [],
      file,
    )
  }
})

type Equal<One, Other> =
  (<Probe>() => Probe extends One ? 1 : 2) extends <Probe>() => Probe extends Other ? 1 : 2 ? true : false

/** A mistake is one of the compiler. */
function sameType<One, Other>(_isSame: Equal<One, Other>): void {}

interface User {
  readonly name: string
}

test('what is read has the type of what is written', async () => {
  const { store }: { store: saola.Store } = createTestStore()
  const users = store.map<User>('users')
  sameType<typeof users, saola.StoreMap<User>>(true)
  sameType<ReturnType<typeof users.peek>, User | undefined>(true)
  sameType<Awaited<ReturnType<typeof users.take>>, User | undefined>(true)
  const made = await users.getOrSet('ann', () => ({ name: 'Ann' }))
  sameType<typeof made, User>(true)
  for await (const [key, user] of users) sameType<[typeof key, typeof user], [string, User]>(true)

  const prices = store.map('prices', { schema: z.number() })
  sameType<typeof prices, saola.StoreMap<number>>(true)
  const images = store.map<Buffer>('images', { codec: 'bytes' })
  sameType<Awaited<ReturnType<typeof images.get>>, Buffer | undefined>(true)

  const take: saola.TakeOptions = { timeout: '5s', from: 'end' }
  const jobs = store.list<User>('jobs')
  await jobs.push({ name: 'job' })
  const job = await jobs.take(take)
  sameType<typeof job, User | undefined>(true)
  const consume: saola.ConsumeOptions = { signal: AbortSignal.abort() }
  for await (const one of jobs.consume(consume)) sameType<typeof one, User>(true)
  sameType<Awaited<ReturnType<typeof jobs.splice>>, User[]>(true)

  const members = await store.set<'a' | 'b'>('set').union('other')
  sameType<typeof members, ('a' | 'b')[]>(true)

  const range: saola.RangeOptions & saola.ScoreBounds = { min: 1, limit: 10, reverse: true }
  const scored: saola.ScoredMember[] = await store.sortedSet('z').rangeByScore(range)
  const [lowest, few] = [await store.sortedSet('z').popMin(), await store.sortedSet('z').popMin(2)]
  sameType<typeof lowest, saola.ScoredMember | undefined>(true)
  sameType<typeof few, saola.ScoredMember[]>(true)

  const acquire: saola.AcquireOptions = { ttl: '1m', wait: '1s' }
  const result = await store.lock('l').using(acquire, ({ token }: saola.LockHandle) => token)
  sameType<typeof result, number>(true)
  const holder: saola.LockHolder | undefined = await store.lock('l').holder()

  const compute: saola.Compute<string> = ({ signal }) => String(signal.aborted)
  const options: saola.GetOrSetOptions = { ttl: '1m', tags: ['a'] }
  const page = await store.cache<string>('pages').getOrSet('home', compute, options)
  sameType<typeof page, string>(true)

  const messages: saola.Subscription<saola.TopicMessage<User>> = store.topics<User>('*')
  await messages.return()
  const written = await store.transaction(async (tx: saola.Transaction) => {
    const map: saola.TransactionMap<User> = tx.map<User>('users')
    const user = await map.get('ann')
    sameType<typeof user, User | undefined>(true)
    // @ts-expect-error Its answer would come too late.
    map.take
    return 7
  })
  sameType<typeof written, number>(true)
  // @ts-expect-error No user.
  await users.set('bob', { nam: 'Bob' })
  // @ts-expect-error No number.
  await assert.rejects(store.counter('c').increment('1'))
  const code: saola.StoreErrorCode = 'STORE_CLOSED'
  const durability: saola.Durability = 'always'
  const opening: saola.OpenOptions = { dir: '.', durability }
  assert.deepEqual([scored, few, holder, code, opening.durability], [[], [], undefined, 'STORE_CLOSED', 'always'])
  await store.close()
})
