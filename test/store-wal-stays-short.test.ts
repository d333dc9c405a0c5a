import assert from 'node:assert/strict'
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { databaseOf } from '../src/store/database/folder.ts'
import { readSalts } from '../src/store/database/wal-file.ts'
import { findWalReaders } from '../src/store/database/wal-readers.ts'
import type { Store } from '../src/store.ts'
import { fairMs } from './support/busy-machine.ts'
import { firstLine, storeFolder } from './support/store-script.ts'
import { until } from './support/until.ts'

const mb = 1024 ** 2
const valueBytes = 64 * 1024
// sync-thread.ts cuts it there, once in a round.
const walBytesMax = 64 * mb
const bytesEachRound = 32 * mb
// More than the WAL may ever have.
const bytesInAll = 5 * bytesEachRound

test('readers that iterate slowly, are killed or never end leave the WAL short', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.map('many').setMany(Array.from({ length: 2_000 }, (_, i) => [`key ${i}`, i]))
  const iterate = `for await (const [key] of store.map('many').entries())`
  const slow = folder.start(`${iterate} { print(key); await new Promise(resolve => setTimeout(resolve, 60_000)) }`)
  const killed = Array.from({ length: 2 }, () =>
    folder.start(`for (;;) { ${iterate} if (key === 'key 9') print(key) }`),
  )
  const busy = folder.start(`
    for (let round = 0; ; round++) {
      for (let i = 0; i < 100; i++) store.map('many').peek('key ' + i)
      if (round === 0) print('peeked')
      // The others need some of the machine.
      await new Promise(resolve => setTimeout(resolve, 1))
    }`)
  await Promise.all([slow, ...killed, busy].map(({ child }) => firstLine(child)))
  for (const { child } of killed) child.kill('SIGKILL')

  const lengths = await writeMuch(store, folder.dir, bytesInAll)
  const longest = Math.max(...lengths)
  t.diagnostic(`the WAL was ${Math.round(longest / mb)} MB at most, with ${bytesInAll / mb} MB written`)
  // What is written until the next round comes on top.
  assert.ok(longest < walBytesMax + 2 * bytesEachRound, `the WAL had ${longest} bytes`)
  const salts = readSalts(folder.dir)
  await until('the WAL begins anew', async () => {
    await store.counter('more').increment()
    return readSalts(folder.dir) !== salts
  })
  // The one that iterates goes on where it was.
  slow.child.kill('SIGKILL')
  busy.child.kill('SIGKILL')
})

test('a reader that is stopped in the midst of a read is named while the WAL grows, and costs nothing when it is gone', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  await store.map('many').set('key', 1)
  const reader = folder.start(
    `for (let i = 0; ; i++) if (store.map('many').peek('key') === 1 && i === 1000) print('reads')`,
  )
  await firstLine(reader.child)
  const { pid = 0 } = reader.child
  await until('it was stopped in the midst of a read', async () => {
    reader.child.kill('SIGSTOP')
    await until('it is stopped', () => /^\d+ \(.*\) T/.test(readFileSync(`/proc/${pid}/stat`, 'latin1')))
    if (findWalReaders(folder.dir)?.some(other => other.pid === pid)) return true
    reader.child.kill('SIGCONT')
    return false
  })

  await writeMuch(store, folder.dir, 3 * bytesEachRound)
  assert.ok(walBytes(folder.dir) > walBytesMax, 'the reader has pinned nothing')
  const log = () => readFileSync(join(folder.dir, 'store.log'), 'utf8')
  await until('the owner names it', () => log().includes(`process ${pid}, which is stopped`))
  assert.match(log(), /"event":"store\.wal\.failed"/)
  // Writes go on: a cut that is tried holds them up for 50 ms.
  const startedAt = performance.now()
  for (let i = 0; i < 100; i++) await store.counter('n').increment()
  assert.ok(performance.now() - startedAt < fairMs(5_000))

  reader.child.kill('SIGKILL')
  await until('the WAL is cut', () => walBytes(folder.dir) < walBytesMax)
  await until('the owner says so', () => log().includes('store.wal.recovered'))
})

/** No more in a round of the sync thread, however long a busy machine takes for one: how long the WAL gets depends on that. */
async function writeMuch(store: Store, dir: string, bytes: number): Promise<number[]> {
  const map = store.map('large')
  const lengths: number[] = []
  for (let written = 0; written < bytes; ) {
    const keys = Array.from({ length: 16 }, (_, i) => `value ${(written / valueBytes + i) % 100}`)
    await Promise.all(keys.map((key, i) => map.set(key, String(i % 10).repeat(valueBytes))))
    lengths.push(walBytes(dir))
    written += 16 * valueBytes
    if (written % bytesEachRound > 0) continue
    const [before, salts] = [lastCopyOf(dir), readSalts(dir)]
    await until('the next round has come', async () => {
      // If one has just copied all there was, there is none to come: then the WAL begins anew with this.
      await store.counter('more').increment()
      return lastCopyOf(dir) !== before || readSalts(dir) !== salts
    })
  }
  return lengths
}

/** When the sync thread has last copied what there was, as its note for the next start says. */
function lastCopyOf(dir: string): bigint | undefined {
  return statSync(join(dir, 'copied'), { bigint: true, throwIfNoEntry: false })?.mtimeNs
}

function walBytes(dir: string): number {
  return statSync(`${databaseOf(dir)}-wal`).size
}
