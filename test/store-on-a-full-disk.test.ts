import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { type Durability, socketOf } from '../src/store/owner/owner-spec.ts'
import { type Store, StoreError, type StoreMap } from '../src/store.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { mountSmallDisk, type SmallDisk } from './support/small-disk.ts'
import { type StoreFolder, storeFolder } from './support/store-script.ts'
import { root } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const value = 'v'.repeat(20_000)
// Of those who fill the disk themselves: the fewer they are, the sooner it is full.
const largeValue = 'v'.repeat(50_000)
const megabytes = 32

for (const durability of ['everysec', 'always'] as const) {
  test(`a store with durability ${durability} that fills its disk itself can be emptied again`, async t => {
    const place = makePlace(t)
    if (!place) return
    const { disk, folder } = place
    await using store = folder.open({ durability })
    const map = store.map<string>('map')
    await map.set('first', largeValue)
    const owner = folder.ownerId()
    const writers = await startWriters(folder, { durability, bytes: largeValue.length, pauseMs: 0 })
    const written = (await Promise.all(writers.map(writer => writer.writtenUntilFull()))).flat()
    assert.ok(
      written.length * largeValue.length > 0.6 * megabytes * 1024 ** 2,
      `only ${written.length} values found room`,
    )
    const last = await writeUntilFull(map)
    // A round of the sync thread gives room, and the writers take it.
    await until('nothing is left', () => disk.freeBytes < 256 * 1024)

    // Reads go on, in this process and in new ones.
    assert.deepEqual(new Set(await map.getMany(written)), new Set([largeValue]))
    assert.equal(map.peek('first'), largeValue)
    assert.equal(await folder.run(`print(store.map('map').peek('first'))`), largeValue)
    await assertSound(store)

    // The writers try to be faster with each byte that this gives.
    for (const key of written) assert.equal(await map.delete(key), 1, `deleting ${key} of ${written.length}`)
    const all = (await Promise.all(writers.map(writer => writer.end()))).flat()
    const kept = new Set(['first', ...last, ...all]).difference(new Set(written))
    // What was answered is there, and nothing of what was refused.
    assert.deepEqual(await Array.fromAsync(map.keys()), [...kept].sort())
    await map.delete(...kept)
    await until('there is room again', () => map.set('another', value).catch(isRefused))
    await assertSound(store)
    // It was one process all the time.
    assert.equal(folder.ownerId(), owner)
  })

  test(`a foreign file fills the disk of a store with durability ${durability} under its writers`, async t => {
    const place = makePlace(t)
    if (!place) return
    const { disk, folder } = place
    await using store = folder.open({ durability })
    const map = store.map<string>('map')
    await map.set('first', value)
    const owner = folder.ownerId()
    // So slowly that they would need a while to fill it themselves.
    const writers = await startWriters(folder, { durability, bytes: value.length, pauseMs: 50 })
    await Promise.all(writers.map(writer => writer.writesAgain()))
    disk.fill()
    const before = (await Promise.all(writers.map(writer => writer.writtenUntilFull()))).flat()
    assert.deepEqual(new Set(await map.getMany(before)), new Set([value]))
    const last = await writeUntilFull(map)
    assert.equal(await map.delete('first'), 1)

    disk.empty()
    await Promise.all(writers.map(writer => writer.writesAgain()))
    const all = (await Promise.all(writers.map(writer => writer.end()))).flat()
    // What was answered is there, and nothing of what was refused.
    assert.deepEqual(await Array.fromAsync(map.keys()), [...all, ...last].sort())
    assert.deepEqual(new Set(await map.getMany(all)), new Set([value]))
    await assertSound(store)
    assert.equal(folder.ownerId(), owner)
  })
}

test('a value that the disk has no room for is refused, and does no harm', async t => {
  const place = makePlace(t)
  if (!place) return
  await using store = place.folder.open()
  const map = store.map<string>('map')
  await map.set('first', value)
  // The log could take it, the file could not any more; then nothing could be written, not even a delete.
  await assertFull(map.set('large', 'v'.repeat(20 * 1024 ** 2)))
  assert.equal(await map.set('second', value), true)
  assert.equal(await map.delete('first'), 1)
  assert.deepEqual(await Array.fromAsync(map.keys()), ['second'])
})

test('an owner that is killed on a full disk is followed by one that serves', async t => {
  const place = makePlace(t)
  if (!place) return
  const { disk, folder } = place
  await using store = folder.open()
  const map = store.map<string>('map')
  await map.setMany(Array.from({ length: 100 }, (_, i) => [`key-${i}`, value]))
  disk.fill()
  await killOwner(folder)
  assert.equal(map.peek('key-7'), value)
  // The new one takes the room of the ballast, and this takes what that has left.
  for (let i = 0; i < 100 && (await map.delete(`key-${i}`)) === 1; i += 10);
  disk.fill()
  await assertFull(map.set('large', 'v'.repeat(6 * 1024 ** 2)))

  // With no byte left at all there may be no owner, and then writes say why when they have waited for one. On a busy machine it may
  // only be that none has started yet.
  await killOwner(folder)
  disk.fill()
  await using late = folder.open({ timeoutMs: 2_000 })
  assert.equal(late.map('map').peek('key-7'), value)
  const large = 'v'.repeat(6 * 1024 ** 2)
  await until('a write says that the disk is full', () =>
    late
      .map('map')
      .set('large', large)
      .then(() => assert.fail('there is no room'), saysFull),
  )
  disk.empty()
  await until('a write finds its owner', () => map.set('key-0', value).catch(isRefused))
  assert.equal((await map.getMany(Array.from({ length: 100 }, (_, i) => `key-${i}`))).filter(Boolean).length, 91)
  await assertSound(store)
})

test('an owner that gives room back survives that there is none to do it with', async t => {
  const place = makePlace(t)
  if (!place) return
  const { disk, folder } = place
  await using store = folder.open()
  const map = store.map<string>('map')
  const keys = Array.from({ length: 500 }, (_, i) => `key-${i}`)
  for (const key of keys) await map.set(key, value)
  const { pid } = await store.info()
  disk.fill()
  for (const key of keys) await map.delete(key)
  // It tries each second; whatever it gains is taken away.
  const enoughSeconds = Number((await store.info()).uptimeSeconds) + 3
  await until('it has tried several times', async () => {
    disk.fill()
    return Number((await store.info()).uptimeSeconds) >= enoughSeconds
  })
  assert.equal((await store.info()).pid, pid)
  disk.empty()
  await until('the file is small', async () => Number((await store.info()).bytes) < 7 * 1024 ** 2)
  assert.equal(await map.set('another', value), true)
  assert.equal(folder.ownerId(), pid)
  await assertSound(store)
})

test('a backup that the disk has no room for leaves the last good one, and no part of itself', async t => {
  const place = makePlace(t)
  if (!place) return
  const { disk, folder } = place
  const backups = join(disk.dir, 'backups')
  mkdirSync(backups)
  const file = join(backups, 'monday.db')
  await using store = folder.open()
  const map = store.map<string>('map')
  await map.set('first', value)
  await store.command('saola.backup', file)
  const good = [readFileSync(file), readFileSync(`${file}.sha256`)]
  await map.set('second', value)
  disk.fill()
  await assertFull(store.command('saola.backup', file))
  assert.deepEqual([readFileSync(file), readFileSync(`${file}.sha256`)], good)
  disk.empty()
  // There is room, but no new file can be made.
  disk.limitFiles(disk.fileCount)
  await assertFull(store.command('saola.backup', file))
  await assertFull(store.command('saola.backup', join(backups, 'tuesday.db')))
  disk.limitFiles(0)
  assert.deepEqual(readdirSync(backups).sort(), ['monday.db', 'monday.db.sha256'])
  assert.deepEqual([readFileSync(file), readFileSync(`${file}.sha256`)], good)
  await store.command('saola.restore', file)
  assert.deepEqual(await Array.fromAsync(map.keys()), ['first'])
})

test('snapshots of a store are taken again when there is room again', async t => {
  const place = makePlace(t)
  if (!place) return
  const { disk, folder, dir } = place
  const owner = await startOwner(folder, { snapshots: { everyMs: 100, keep: 2 } })
  await using store = folder.open()
  const map = store.map<string>('map')
  await map.set('first', value)
  const taken = await owner.heard('store.snapshot.taken')
  disk.fill()
  await map.delete('first')
  await owner.heard('store.snapshot.failed')
  assert.equal(existsSync(String(taken.file)), true)
  // It tries again and again.
  await until('nothing is left of a try', () => partialFiles(join(dir, 'snapshots')).length === 0)
  disk.empty()
  await owner.heard('store.snapshot.taken')
})

test('a store is opened, if at all, without a file for its log', async t => {
  const place = makePlace(t)
  if (!place) return
  const { disk, folder, dir } = place
  mkdirSync(dir)
  disk.limitFiles(disk.fileCount)
  await using hasty = folder.open({ timeoutMs: 500 })
  await assert.rejects(hasty.map('map').set('first', value), (error: unknown) => error instanceof StoreError)
  disk.limitFiles(0)
  await using store = folder.open()
  assert.equal(await store.map('map').set('first', value), true)
})

interface Place {
  readonly disk: SmallDisk
  readonly folder: StoreFolder
  readonly dir: string
}

interface Writing {
  readonly durability: Durability
  /** Of each value. */
  readonly bytes: number
  readonly pauseMs: number
}

function makePlace(t: TestContext): Place | undefined {
  const disk = mountSmallDisk(t, megabytes)
  if (!disk) return undefined
  const dir = join(disk.dir, 'store')
  const folder = storeFolder(t, dir)
  // After its processes were ended, or they would make the folder again.
  t.after(() => disk.unmount())
  return { disk, folder, dir }
}

/** They begin together: who starts later on a busy machine would find the disk full already, and never write. */
async function startWriters(folder: StoreFolder, writing: Writing) {
  const writers = ['a', 'b'].map(name => startWriter(folder, name, writing))
  await Promise.all(writers.map(writer => writer.heard('written')))
  for (const writer of writers) writer.begin()
  return writers
}

/**
 * Writes one key, and then, from `begin` on and for as long as its input is open, one after the other; goes on after each refusal.
 * Says which keys were written.
 */
function startWriter(folder: StoreFolder, name: string, { durability, bytes, pauseMs }: Writing) {
  const options = { dir: folder.dir, durability, timeoutMs: waitTimeoutMs }
  const script = `
    import { openStore } from ${JSON.stringify(join(root, 'src/store.ts'))}
    const store = openStore(${JSON.stringify(options)})
    let isOver = false
    process.stdin.on('end', () => { isOver = true })
    const begin = new Promise(resolve => process.stdin.once('data', resolve))
    let i = 0
    const write = async () => {
      const key = ${JSON.stringify(name)} + i++
      try {
        await store.map('map').set(key, 'v'.repeat(${bytes}))
        process.stdout.write('written ' + key + '\\n')
      } catch (error) {
        if (error.code !== 'STORE_DISK_FULL') throw error
        process.stdout.write('full ' + key + '\\n')
        await new Promise(resolve => setTimeout(resolve, 40))
      }
    }
    const worker = async () => {
      while (!isOver) {
        await write()
        if (${pauseMs} > 0) await new Promise(resolve => setTimeout(resolve, ${pauseMs}))
      }
    }
    await write()
    await begin
    await Promise.all(Array.from({ length: 4 }, worker))
    await store.close()`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const reader = createInterface({ input: child.stdout })
  reader.on('line', line => lines.push(line))
  const ended = once(child, 'close')
  const written = () => lines.flatMap(line => (line.startsWith('written ') ? [line.slice(8)] : []))
  const untilIt = (what: string, look: () => boolean) =>
    until(`writer ${name} ${what}`, () => {
      assert.equal(child.exitCode, null, `writer ${name} has ended`)
      return look()
    })
  const heard = (word: string) => untilIt(`says ${word}`, () => lines.some(line => line.startsWith(word)))
  return {
    heard,
    begin: () => void child.stdin.write('begin'),
    async writtenUntilFull(): Promise<string[]> {
      await heard('full')
      return written()
    },
    async writesAgain(): Promise<void> {
      const before = written().length
      await untilIt('writes again', () => written().length > before)
    },
    async end(): Promise<string[]> {
      child.stdin.end()
      assert.deepEqual(await ended, [0, null])
      return written()
    },
  }
}

/** The owner's own process, with settings that a script cannot give it; what it says is not on the full disk. */
async function startOwner(folder: StoreFolder, settings: object) {
  const { dir } = folder
  mkdirSync(dir, { recursive: true })
  const spec = { dir, durability: 'everysec', sizeMax: 0, valueBytesMax: 1024 ** 2, keysMax: 0, ...settings }
  const child: ChildProcess = spawn(process.execPath, [join(root, 'src/processes/store.ts')], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined, SAOLA_STORE: JSON.stringify(spec) },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const events: Record<string, unknown>[] = []
  createInterface({ input: child.stderr as NodeJS.ReadableStream }).on('line', line => events.push(JSON.parse(line)))
  let seen = 0
  // Or the first who wants one would start another.
  await until('the owner listens', () => existsSync(socketOf(dir)))
  return {
    /** The next event of this name. */
    heard: (name: string) =>
      until(name, () => {
        const at = events.findIndex(({ event }, i) => i >= seen && event === name)
        if (at < 0) return undefined
        seen = at + 1
        return events[at]
      }),
  }
}

async function killOwner(folder: StoreFolder): Promise<void> {
  const id = folder.ownerId()
  assert.ok(id !== undefined && signalProcess(id, 'SIGKILL'))
  await until('the owner is gone', () => folder.ownerId() !== id)
}

/** A checkpoint between two writes gives the log's room back, which is then taken again: the keys that were written. */
async function writeUntilFull(map: StoreMap<string>): Promise<string[]> {
  for (let i = 0; i < 1000; i++) {
    try {
      await map.set('last', value)
    } catch (error) {
      isRefused(error)
      return i === 0 ? [] : ['last']
    }
  }
  assert.fail('the disk is never full')
}

async function assertFull(work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error: unknown) => error instanceof StoreError && error.code === 'STORE_DISK_FULL')
}

/** As `saola store check` asks it. */
async function assertSound(store: Store): Promise<void> {
  assert.deepEqual(await store.command('saola.check'), [])
}

function isRefused(error: unknown): false {
  assert.ok(error instanceof StoreError && error.code === 'STORE_DISK_FULL', String(error))
  return false
}

/** Not yet, while there is no answer. */
function saysFull(error: unknown): boolean {
  const codes = ['STORE_DISK_FULL', 'STORE_UNAVAILABLE', 'STORE_TIMEOUT']
  assert.ok(error instanceof StoreError && codes.includes(error.code), String(error))
  return error.code === 'STORE_DISK_FULL'
}

function partialFiles(folder: string): string[] {
  return readdirSync(folder).filter(name => name.includes('.partial'))
}
