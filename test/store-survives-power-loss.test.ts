import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { databaseOf } from '../src/store/database/folder.ts'
import { openDatabase } from '../src/store/database/open-database.ts'
import { LocalReader } from '../src/store/engines/local-reader.ts'
import type { Pairs } from '../src/store/resp/reply.ts'
import { fairMs, median } from './support/busy-machine.ts'
import { canTrace, type DiskEvent, DiskFile, type Loss, losses, readTrace, tracing } from './support/disk-trace.ts'
import { storeFolder } from './support/store-script.ts'
import { root } from './support/tree.ts'
import { markName } from './support/tree-processes.ts'

const skip = canTrace() ? false : 'it needs strace and the right to use it'
const moments = 60
const keys = 50
// The next round is a second after the last, so a write usually waits for half of one.
const waitMs = 1_250

for (const { durability, writes, slowWrites } of [
  { durability: 'always', writes: 300, slowWrites: 0 },
  { durability: 'everysec', writes: 300, slowWrites: 100 },
] as const) {
  test(`with ${durability}, power that fails at any moment takes no more than it says`, { skip }, async t => {
    const { events, acks } = await record(t, { durability, writes, slowWrites })
    // A busy machine may be late with a round: what is promised of a write is that the next one has it, and that they come often.
    const isEach = durability === 'always'
    const usual = isEach ? 0 : usualWaitMs(events, acks.slice(0, slowWrites))
    assert.ok(usual < fairMs(waitMs), `writes usually wait for ${usual} ms`)
    let checked = 0
    for (const { files, index, loss } of powerLosses(events)) {
      const promised = isEach ? index : syncedBefore(events, index)
      const due = acks.filter(ack => ack.index < promised).length
      const found = await countAfter(join(acks.dir, `after-${checked++}`), files)
      const about = `${loss} of what was not synced lost, at event ${index} of ${events.length}`
      assert.ok(found >= due, `${found} writes are left, ${due} were promised (${about})`)
    }
    assert.equal(checked, moments)
  })
}

/** Whatever was written before this event has come to the disk before that one. */
function syncedBefore(events: readonly DiskEvent[], index: number): number {
  return events.slice(0, index).reduce((from, event) => (isRound(event) ? Math.max(from, event.from) : from), 0)
}

/** From the answer to a write until it is on the disk. */
function usualWaitMs(events: readonly DiskEvent[], acks: readonly { index: number; time: number }[]): number {
  const rounds = events.filter(isRound)
  const waits = acks.map(ack => {
    const round = rounds.find(({ from }) => from > ack.index)
    return round ? (round.time - ack.time) * 1_000 : Number.POSITIVE_INFINITY
  })
  return median(waits)
}

function isRound(event: DiskEvent): event is Extract<DiskEvent, { kind: 'sync' }> {
  return event.kind === 'sync' && event.path.endsWith('-wal')
}

interface Load {
  readonly durability: string
  readonly writes: number
  readonly slowWrites: number
}

/** Writes with a store of its own, and tells all that its disk was told. */
async function record(t: TestContext, { durability, writes, slowWrites }: Load) {
  const folder = storeFolder(t)
  const dir = join(folder.dir, 'store')
  const trace = join(folder.dir, 'trace')
  const ackFile = join(folder.dir, 'acks')
  const files = [databaseOf(dir), `${databaseOf(dir)}-wal`]
  mkdirSync(dir)
  writeFileSync(ackFile, '')
  const script = `
    import { openSync, writeSync } from 'node:fs'
    import { openStore } from ${JSON.stringify(join(root, 'src/store.ts'))}
    const acks = openSync(${JSON.stringify(ackFile)}, 'a')
    const store = openStore({ dir: ${JSON.stringify(dir)}, durability: ${JSON.stringify(durability)}, timeoutMs: 60_000 })
    for (let i = 0; i < ${writes}; i++) {
      // At first so little that no checkpoint, which syncs as well, is due.
      const isSlow = i < ${slowWrites}
      const value = { i, filler: String(i % 10).repeat(isSlow ? 10 : 20_000) }
      await store.transaction(tx => {
        tx.map('a').set('k' + i % ${keys}, value)
        tx.list('log').push(i)
        tx.map('b').set('k' + i % ${keys}, value)
      })
      writeSync(acks, 'ok')
      // So long that the WAL is copied into the file, and begins anew.
      const pauseMs = isSlow ? 40 : i % 50 === 49 ? 1_200 : 0
      if (pauseMs > 0) await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
    process.exit()`
  const [command = '', ...args] = tracing(trace, [...files, join(dir, 'copied'), ackFile])
  const child = spawn(command, [...args, process.execPath, '--input-type=module', '-e', script], {
    env: { ...process.env, [markName]: folder.mark, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  // What the owner does at its end is no concern of this test, but it must end for strace to end.
  const [code] = await once(child, 'close')
  assert.equal(code, 0)
  const all = readTrace(trace)
  rmSync(trace)
  const acks = all.flatMap(({ kind, path, time }, index) =>
    kind === 'write' && path === ackFile ? [{ index, time }] : [],
  )
  assert.equal(acks.length, writes)
  return { events: all, acks: Object.assign(acks, { dir: folder.dir }) }
}

/** The files of the store at some moments, when the power fails. */
function* powerLosses(events: readonly DiskEvent[]) {
  const turns = events.flatMap((event, index) => (isTurn(event) ? [index] : []))
  const [first, last] = [events[0] as DiskEvent, events.at(-1) as DiskEvent]
  const anywhere = () => {
    const time = first.time + Math.random() * (last.time - first.time)
    return events.findIndex(event => event.time >= time)
  }
  const nearTurn = () => (turns[Math.floor(Math.random() * turns.length)] ?? 0) + Math.floor(Math.random() * 140) - 40
  const at = Array.from({ length: moments }, (_, i) => {
    return Math.max(0, Math.min(events.length - 1, i % 2 ? nearTurn() : anywhere()))
  })
  at.sort((a, b) => a - b)
  const files = new Map<string, DiskFile>()
  let copied: { path: string; content: Buffer } | undefined
  for (const [index, event] of events.entries()) {
    while (at[0] === index) {
      at.shift()
      const loss = losses[Math.floor(Math.random() * losses.length)] as Loss
      const contents = [...files].map(([path, file]) => ({ path, content: file.afterPowerLoss(loss) }))
      // Never synced: the worst is that it has survived.
      if (copied) contents.push(copied)
      yield { files: contents, index, loss }
    }
    if (event.kind === 'write' && event.path.endsWith('copied')) copied = { path: event.path, content: event.data }
    if (!files.has(event.path)) files.set(event.path, new DiskFile())
    files.get(event.path)?.apply(event, index)
  }
}

/** The WAL begins anew, or has been copied into the file: where an order that is wrong would show. */
function isTurn(event: DiskEvent): boolean {
  if (!event.path.endsWith('-wal')) return event.path.endsWith('.db') && event.kind === 'sync'
  return event.kind === 'truncate' || (event.kind === 'write' && event.at === 0)
}

/** How many writes an owner finds there. It must find them as they were at one moment. */
async function countAfter(dir: string, files: readonly { path: string; content: Buffer }[]): Promise<number> {
  mkdirSync(dir)
  for (const { path, content } of files) {
    if (!path.endsWith('acks')) writeFileSync(join(dir, basename(path)), content)
  }
  const told: string[] = []
  const log = (event: string, fields: object) => void told.push(`${event} ${JSON.stringify(fields)}`)
  const opened = await openDatabase({ dir, durability: 'memory', maxBytes: 0, log })
  try {
    assert.deepEqual(
      told.filter(line => !line.startsWith('store.wal.cut')),
      [],
    )
    const reader = new LocalReader(opened.database, { now: Date.now, isOwnConnection: true })
    const log = (reader.read(['lrange', 'log', 0, -1]) as Buffer[]).map(Number)
    assert.deepEqual(
      log,
      Array.from(log, (_, i) => i),
    )
    const expected = new Map(log.map(i => [`k${i % keys}`, i]))
    for (const map of ['a', 'b']) assert.deepEqual(mapOf(reader.read(['hgetall', map]) as Pairs), expected)
    reader.close()
    return log.length
  } finally {
    await opened.close()
    rmSync(dir, { recursive: true })
  }
}

function mapOf({ items }: Pairs): Map<string, number> {
  const map = new Map<string, number>()
  for (let i = 0; i < items.length; i += 2) map.set(String(items[i]), JSON.parse(String(items[i + 1])).i)
  return map
}
