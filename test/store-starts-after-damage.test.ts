import assert from 'node:assert/strict'
import { randomFillSync } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openDatabase } from '../src/store/database/open-database.ts'
import { LocalReader } from '../src/store/engines/local-reader.ts'
import type { Reply } from '../src/store/resp/reply.ts'
import { openStore, type Store, type StoreError } from '../src/store.ts'
import { request, waitTimeoutMs } from './support/http-connection.ts'
import { type StoreFolder, storeFolder } from './support/store-script.ts'
import { startTree } from './support/tree.ts'
import { isRunning, signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

// So few that no checkpoint is due: the last half is in the WAL only.
const count = 110
const baseCount = 400

/** What happened to the files, and what a start must make of it. */
interface Damage {
  readonly name: string
  readonly act: (files: { readonly file: string; readonly wal: string; readonly shm: string }) => void
  /** `snapshot`: as it was when that was taken. `all`: as if nothing had happened. `past`: as it was at some moment since. */
  readonly becomes: 'snapshot' | 'all' | 'past'
  /** What the log says. */
  readonly says?: 'store.damaged' | 'store.wal.cut'
}

const damages: readonly Damage[] = [
  { name: 'the file is cut in two', act: ({ file }) => cut(file), becomes: 'snapshot', says: 'store.damaged' },
  { name: 'the file is empty', act: ({ file }) => truncateSync(file), becomes: 'snapshot', says: 'store.damaged' },
  { name: 'the file is away', act: ({ file }) => rmSync(file), becomes: 'snapshot', says: 'store.damaged' },
  { name: 'the file is garbage', act: ({ file }) => spoil(file, 0, 1), becomes: 'snapshot', says: 'store.damaged' },
  {
    name: 'the head of the file is garbage',
    act: ({ file }) => spoil(file, 0, 0.01),
    // The WAL has the same pages, newer.
    becomes: 'all',
  },
  {
    name: 'pages in its middle are half written',
    act: ({ file }) => tear(file),
    becomes: 'snapshot',
    says: 'store.damaged',
  },
  { name: 'the WAL is garbage', act: ({ wal }) => spoil(wal, 0, 1), becomes: 'past', says: 'store.wal.cut' },
  {
    name: 'the WAL is garbage in its middle',
    act: ({ wal }) => spoil(wal, 0.4, 0.6),
    becomes: 'past',
    says: 'store.wal.cut',
  },
  { name: 'the WAL ends early', act: ({ wal }) => cut(wal), becomes: 'past' },
  { name: 'the shared memory is away', act: ({ shm }) => rmSync(shm), becomes: 'all' },
  { name: 'the shared memory is garbage', act: ({ shm }) => spoil(shm, 0, 1), becomes: 'all' },
]

test('a store whose files were damaged', async t => {
  const folder = storeFolder(t)
  await folder.warmUp()
  const from = await fill(t, folder)

  await t.test('whatever has happened to them, it starts, with what can be had, and says what was lost', async () => {
    for (const damage of damages) await startAfter(folder, from, damage)
  })

  await t.test(
    'garbage anywhere in them is never handed out as a value, and a second start finds nothing more to mend',
    async t => {
      const outcomes = { whole: 0, restored: 0, refused: 0, past: 0 }
      for (let run = 0; run < 60; run++) outcomes[await startAfterGarbage(from, join(folder.dir, `run ${run}`))]++
      t.diagnostic(JSON.stringify(outcomes))
      assert.ok(outcomes.restored > 0)
    },
  )
})

test('a tree whose store was damaged serves what the snapshot has, and its log says so', async t => {
  const app = `
    import { store } from 'saola/store'
    export default { fetch: async () => Response.json((await store.map('base').get('base 7')) ?? null) }`
  const options = {
    files: { 'app.mjs': app },
    config: { name: 'shop', store: {}, apps: { web: { app: './app.mjs', listen: 'unix:./web.sock', workers: 1 } } },
  }
  const before = await startTree(t, options)
  const dir = join(before.dir, '.saola/shop/store')
  const ask = async () => JSON.parse(String((await request(`unix:${before.dir}/web.sock`)).body))
  assert.equal(await ask(), null)
  {
    await using store = openStore({ dir, timeoutMs: waitTimeoutMs })
    await store.map('base').setMany(Array.from({ length: baseCount }, (_, i) => [`base ${i}`, textOf(i)]))
    await keepSnapshot(store, dir)
  }
  before.signal('SIGTERM')
  await before.exit
  cut(join(dir, 'store.db'))
  const after = await startTree(t, { ...options, dir: before.dir })
  const said = await until('the log says so', () => after.lines.find(line => line.includes('store.damaged')))
  assert.match(said, /snapshots\/last\.db/)
  assert.equal(await ask(), textOf(7))
})

async function startAfter(folder: StoreFolder, from: string, { name, act, becomes, says }: Damage): Promise<void> {
  const dir = join(folder.dir, name)
  copyStore(from, dir)
  const file = join(dir, 'store.db')
  act({ file, wal: `${file}-wal`, shm: `${file}-shm` })
  const steps = await readSteps(dir)
  const about = `${name}: ${steps.length} steps`
  assert.deepEqual(
    steps,
    Array.from(steps, (_, i) => i),
    about,
  )
  if (becomes === 'snapshot') assert.equal(steps.length, count, about)
  else if (becomes === 'all') assert.equal(steps.length, 2 * count, about)
  else assert.ok(steps.length >= count && steps.length < 2 * count, about)
  assert.deepEqual(eventsOf(dir), says ? [says] : [], about)
  await endOwner(folder)
  // The second start finds nothing more to do: no loop of starts that fail.
  assert.deepEqual(await lookInto(dir), { events: [], right: count + steps.length, refused: 0, wrong: [] }, about)
  const asides = readdirSync(dir).filter(entry => entry.startsWith('damaged-'))
  assert.equal(asides.length, says === 'store.damaged' ? 1 : 0, name)
  rmSync(dir, { recursive: true, maxRetries: 5 })
}

async function startAfterGarbage(from: string, dir: string): Promise<'whole' | 'restored' | 'refused' | 'past'> {
  copyStore(from, dir)
  const { name, offset, length, isAtEnd } = spoilSomewhere(dir)
  const about = `${length} bytes of garbage at ${offset} of ${name}`
  const [first, again] = [await lookInto(dir), await lookInto(dir)]
  assert.deepEqual(first.wrong, [], about)
  assert.deepEqual(again.events, [], about)
  assert.equal(again.right, first.right, about)
  rmSync(dir, { recursive: true, maxRetries: 5 })
  if (first.events.includes('store.damaged')) return 'restored'
  if (first.refused > 0) return 'refused'
  if (first.right === baseCount + 2 * count) return 'whole'
  // SQLite's pages have no checksums: the name of a value that turns into another name is not found out.
  if (name.endsWith('-wal') && !isAtEnd) assert.deepEqual(first.events, ['store.wal.cut'], about)
  return 'past'
}

/** From 512 bytes on, as a disk would do it, in the file or its WAL. */
function spoilSomewhere(dir: string) {
  const name = Math.random() < 0.6 ? 'store.db' : 'store.db-wal'
  const bytes = readFileSync(join(dir, name))
  const length = 512 * (1 + Math.floor(Math.random() ** 3 * 64))
  const offset = 512 * Math.floor((Math.random() * (bytes.length - length)) / 512)
  randomFillSync(bytes, offset, length)
  writeFileSync(join(dir, name), bytes)
  // There it is as after a kill in the midst of the last transaction.
  return { name, offset, length, isAtEnd: offset + length > bytes.length - 64 * 1024 }
}

/** What an owner finds there: values that are right, those that it refuses to hand out, and those that never were. */
async function lookInto(dir: string) {
  const events: string[] = []
  const log = (event: string) => void events.push(event)
  // On a busy machine a second owner may have been started, which ends when it finds nobody connected.
  const opened = await until('nobody owns it', () =>
    openDatabase({ dir, durability: 'memory', maxBytes: 0, log }).catch((error: StoreError) => {
      assert.equal(error.code, 'STORE_UNAVAILABLE')
      return undefined
    }),
  )
  const reader = new LocalReader(opened.database, { now: Date.now, isOwnConnection: true })
  const found = { events, right: 0, refused: 0, wrong: [] as string[] }
  const check = (read: () => Reply, isRight: (value: unknown) => boolean) => {
    let value: unknown
    try {
      const reply = read()
      if (reply === null) return
      value = JSON.parse(String(reply))
    } catch {
      found.refused++
      return
    }
    if (isRight(value)) found.right++
    else found.wrong.push(String(value))
  }
  for (let i = 0; i < count; i++)
    check(
      () => reader.read(['hget', 'base', `base ${i}`]),
      value => value === textOf(i),
    )
  for (let i = 0; i < 2 * count; i++) {
    check(
      () => reader.read(['hget', 'steps', `step ${i}`]),
      value => value === i,
    )
  }
  reader.close()
  // The next start looks through it again.
  await opened.close({ isSound: false })
  return found
}

/** A store whose file and snapshot have some steps, and whose WAL has as many more. Its owner was killed. */
async function fill(t: TestContext, folder: StoreFolder): Promise<string> {
  const dir = join(folder.dir, 'whole')
  {
    await using store = openStore({ dir, timeoutMs: waitTimeoutMs })
    // Of what is only in the file, not in its WAL.
    await store.map('base').setMany(Array.from({ length: baseCount }, (_, i) => [`base ${i}`, textOf(i)]))
    await takeSteps(store, 0, count)
    await keepSnapshot(store, dir)
  }
  await endOwner(folder, 'SIGTERM')
  assert.ok(existsSync(join(dir, 'clean')), 'it has not ended properly')
  const store = openStore({ dir, timeoutMs: waitTimeoutMs })
  await takeSteps(store, count, 2 * count)
  // It must neither end by itself, with nobody connected, nor leave somebody who misses it and starts another.
  const { pid } = await store.info()
  assert.ok(signalProcess(Number(pid), 'SIGSTOP'))
  await store.close()
  await endOwner(folder)
  t.diagnostic(`the file has ${readFileSync(join(dir, 'store.db')).length} bytes`)
  return dir
}

async function takeSteps(store: ReturnType<typeof openStore>, from: number, to: number): Promise<void> {
  for (let i = from; i < to; i++) {
    await store.transaction(tx => {
      tx.map('steps').set(`step ${i}`, i)
      tx.list('log').push(i)
      tx.map('text').set(`text ${i % 100}`, textOf(i))
    })
  }
}

/** The steps that a store has, by its list. Its other structures must say the same. */
async function readSteps(dir: string): Promise<number[]> {
  await using store = openStore({ dir, timeoutMs: waitTimeoutMs })
  // So that an owner has looked at it, and writes work.
  await store.counter('starts').increment()
  const steps = await store.list<number>('log').toArray()
  assert.deepEqual(await store.map('steps').getMany(steps.map(i => `step ${i}`)), steps)
  assert.equal(await store.map('steps').size(), steps.length)
  const texts = await store.map('text').getMany(steps.slice(-100).map(i => `text ${i % 100}`))
  assert.deepEqual(texts, steps.slice(-100).map(textOf))
  const base = await Array.fromAsync(store.map('base').values())
  assert.equal(base.length, baseCount)
  assert.equal(new Set(base).size, baseCount)
  return steps
}

function textOf(i: number): string {
  return `${i} `.repeat(150)
}

async function endOwner(folder: StoreFolder, signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
  const owner = folder.ownerId()
  if (owner !== undefined) signalProcess(owner, signal)
  await until('the owner is gone', () => folder.ownerId() === undefined && !(owner && isRunning(owner)))
}

function eventsOf(dir: string): string[] {
  const log = readFileSync(join(dir, 'store.log'), 'utf8')
  return log.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line).event] : []))
}

function copyStore(from: string, to: string): void {
  mkdirSync(join(to, 'snapshots'), { recursive: true })
  for (const name of [
    'store.db',
    'store.db-wal',
    'store.db-shm',
    'copied',
    'snapshots/last.db',
    'snapshots/last.db.sha256',
  ]) {
    if (existsSync(join(from, name))) copyFileSync(join(from, name), join(to, name))
  }
}

function cut(file: string): void {
  truncateSync(file, Math.floor(readFileSync(file).length / 2))
}

/** Writes garbage over a part of a file. */
function spoil(file: string, from: number, to: number): void {
  const bytes = readFileSync(file)
  randomFillSync(bytes, Math.floor(from * bytes.length), Math.floor((to - from) * bytes.length))
  writeFileSync(file, bytes)
}

/** The first half of each page in the middle is of another time. */
function tear(file: string): void {
  const bytes = readFileSync(file)
  const middle = Math.floor(bytes.length / 4096 / 2)
  for (let page = middle; page < middle + 4; page++) bytes.fill(0, page * 4096, page * 4096 + 2048)
  writeFileSync(file, bytes)
}

/** As one that the owner has taken: a backup cannot be saved there. */
async function keepSnapshot(store: Store, dir: string): Promise<void> {
  const outside = mkdtempSync(join(tmpdir(), 'saola-backup-'))
  try {
    await store.command('saola.backup', join(outside, 'last.db'))
    mkdirSync(join(dir, 'snapshots'), { recursive: true })
    for (const name of ['last.db', 'last.db.sha256']) copyFileSync(join(outside, name), join(dir, 'snapshots', name))
  } finally {
    rmSync(outside, { recursive: true })
  }
}
