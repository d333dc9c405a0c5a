import assert from 'node:assert/strict'
import { statSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { databaseOf } from '../src/store/database/folder.ts'
import { median } from './support/busy-machine.ts'
import { storeFolder } from './support/store-script.ts'
import { workMsOf } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const count = 100_000
const batch = 1000

test('a hundred thousand entries that end together go by themselves, while others are served', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const keep = store.map<number>('keep')
  await keep.set('n', 0)
  // Another process reads and writes all the time; none of its calls waits for all of the clearing.
  const other = folder.run(
    `
    import { readFileSync } from 'node:fs'
    let longest = 0
    let calls = 0
    const map = store.map('keep')
    // What the owner did during a call, in ticks of 10 ms, and not the time that went by: the machine may stand still.
    const worked = () => {
      const fields = readFileSync('/proc/' + arguments_[0] + '/stat', 'latin1').split(') ').at(-1).split(' ')
      return 10 * (Number(fields[11]) + Number(fields[12]))
    }
    while (map.peek('begin') === undefined) await new Promise(resolve => setTimeout(resolve, 20))
    while (map.peek('over') === undefined) {
      const before = worked()
      await map.increment('n')
      calls++
      longest = Math.max(longest, worked() - before)
      // Without a pause it would take half of a small machine, and the owner be idle for the clearing too seldom.
      await new Promise(resolve => setTimeout(resolve, map.peek('cleared') === undefined ? 1 : 50))
    }
    print(JSON.stringify({ calls, longest }))`,
    String(folder.ownerId()),
  )

  const value = 'v'.repeat(200)
  const map = store.map<string>('entries')
  // Half of them whole keys, half of them entries of one map.
  const fill = (from: number, endsAt: number) => {
    const names = Array.from({ length: batch }, (_, j) => `key-${from + j}`)
    return Promise.all([
      map.setMany(
        names.map(name => [name, value]),
        { ttl: `${Math.max(1, endsAt - Date.now())}ms` },
      ),
      ...names.map(name => store.command('set', name, value, 'PXAT', endsAt)),
    ])
  }
  // All end together, and not before the last of them is there: a machine that is slow gets more time, one that only stood still
  // for a moment does not make the test wait for as many moments as there are batches.
  const batchMs: number[] = []
  for (let i = 0; i < count / 20; i += batch) {
    const before = Date.now()
    await fill(i, before + 600_000)
    batchMs.push(Date.now() - before)
  }
  const batches = count / 2 / batch
  let fillMs = batches * median(batchMs)
  let full: Awaited<ReturnType<typeof store.info>>
  let endsAt: number
  for (;;) {
    const before = Date.now()
    endsAt = Math.round(before + 4_000 + 1.5 * fillMs)
    for (let i = 0; i < count / 2; i += batch) await fill(i, endsAt)
    full = await store.info()
    if (Date.now() < endsAt) break
    // It has become slower than it was at first: once more, to end later.
    fillMs = Date.now() - before
  }
  assert.equal(full.keys, count / 2 + 2)
  assert.ok(Number(full.bytes) > 20 * 1024 ** 2, `${full.bytes} bytes`)

  // Without the WAL, which keeps its room for what is written next: what it has is copied.
  const path = databaseOf(folder.dir)
  const peak = await until('the file has it', () => statSync(path).size > 20 * 1024 ** 2 && statSync(path).size)

  await keep.set('begin', 1)
  await pause(Math.max(0, endsAt - Date.now()), undefined, { signal: t.signal })
  const workBefore = workMsOf(folder.ownerId())
  await until('all have expired', async () => (await map.size()) === 0)
  await until('their rows are gone', async () => (await store.info()).keys === 2 - 1)
  const clearingMs = workMsOf(folder.ownerId()) - workBefore
  // Room is given back by an owner that is idle now and then: on a busy machine who asks all the time leaves it no time for that.
  await keep.set('cleared', 1)
  assert.equal(map.peek('key-7'), undefined)
  assert.equal(await store.command('get', 'key-7'), null)
  // Bit by bit: it takes long, and goes on.
  for (let bytes = statSync(path).size; bytes >= peak / 3; bytes = statSync(path).size) {
    await until('the file is smaller again', () => statSync(path).size < bytes)
  }
  const after = await store.info()
  await keep.set('over', 1)
  const { calls, longest } = JSON.parse(await other) as { calls: number; longest: number }
  t.diagnostic(`${calls} calls of another process, at most ${longest} of ${clearingMs} ms of work before an answer`)
  assert.ok(longest < clearingMs / 2, `a call waited for ${longest} of ${clearingMs} ms of work`)
  assert.equal(await keep.get('n'), calls)
  const grownMb = (Number(after.rssBytes) - Number(full.rssBytes)) / 1024 ** 2
  t.diagnostic(`file ${peak} → ${statSync(path).size} bytes, memory of the owner +${grownMb.toFixed(0)} MB`)
  assert.ok(grownMb < 100, `the owner has grown by ${grownMb} MB`)
  assert.deepEqual(await store.command('saola.check'), [])
})
