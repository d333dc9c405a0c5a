import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../src/store.ts'
import { fairMs } from './support/busy-machine.ts'
import { storeFolder } from './support/store-script.ts'
import { signalProcess } from './support/tree-processes.ts'

// All of the two hundred, with those of store-survives-killed-clients.test.ts, are killed by `npm run bench:soak:store`.
const kills = Number(process.env.SAOLA_KILLS ?? 12)

test('the owner is killed again and again: no call fails, each write counts once, lists keep their order', async t => {
  const folder = storeFolder(t)
  await folder.warmUp()
  await using store = folder.open()
  await store.counter('n').set(0)
  await store.counter('over').set(0)
  const other = folder.start(`print(JSON.stringify(await (${write})(store, 'b')))`)
  const reader = folder.start(read)
  // Whoever finds no owner starts one, which is most of what a kill costs: so this process is one of the writers.
  const own = write(store, 'a')
  for (let killed = 0; killed < kills; ) {
    // Each of them has answered, some time or other, and is killed at a moment that nobody knows: most soon, some late.
    for (let answers = 1 + Math.floor(Math.random() ** 4 * 200); answers > 0; answers--) {
      await store.counter('served').increment()
    }
    const owner = folder.ownerId()
    if (owner !== undefined && signalProcess(owner, 'SIGKILL')) killed++
  }
  await store.counter('over').set(1)

  const written: Written[] = [await own, JSON.parse(await other.output)]
  const counts = written.map(({ counted }) => counted)
  assert.equal(
    await store.counter('n').get(),
    counts.reduce((a, b) => a + b),
  )
  assert.ok(Math.min(...counts) > 10 * kills, `only ${counts} were counted`)
  const pushed = await store.list<[string, number]>('log').toArray()
  for (const [i, name] of ['a', 'b'].entries()) {
    const own = pushed.filter(([writer]) => writer === name).map(([, number]) => number)
    assert.deepEqual(
      own,
      Array.from({ length: written[i]?.pushed ?? 0 }, (_, number) => number),
    )
  }
  const { reads, gaps } = JSON.parse(await reader.output) as { reads: number; gaps: number[] }
  const reading = ofKills(gaps)
  for (const { longest, usual } of written.map(({ pauses }) => ofKills(pauses))) {
    t.diagnostic(`writes went on after ${Math.round(usual)} ms, and ${Math.round(longest)} ms at most`)
    assert.ok(usual < fairMs(1_000), `writes went on after ${usual} ms`)
    // The machine may be busy with something else.
    assert.ok(longest < fairMs(5_000), `writes once went on after ${longest} ms`)
    // The machine may stand still for reads, too, but no kill makes them wait.
    assert.ok(reading.usual < usual, `reads went on after ${reading.usual} ms, and writes after ${usual} ms`)
  }
  t.diagnostic(`${reads} reads, and ${Math.round(reading.longest)} ms at most from one to the next`)
  assert.ok(reads > 100 * kills)
  assert.ok(reading.longest < fairMs(5_000), `a read took ${reading.longest} ms`)
})

/** Of the longest waits, as many as there were kills: what one usually costs, and the longest of all. */
function ofKills(waits: readonly number[]): { longest: number; usual: number } {
  const each = waits.toSorted((a, b) => b - a).slice(0, kills)
  return { longest: each[0] ?? 0, usual: each[Math.floor(kills / 2)] ?? 0 }
}

interface Written {
  readonly counted: number
  readonly pushed: number
  /** Milliseconds without an answer, above 50. */
  readonly pauses: number[]
}

/** Runs here, and by its text in another process: it uses nothing else of this file. */
async function write(store: Store, name: string): Promise<Written> {
  const isOver = () => (store.counter('over').peek() ?? 0) > 0
  let [counted, pushed] = [0, 0]
  const pauses: number[] = []
  let last = performance.now()
  const count = async () => {
    while (!isOver()) {
      await store.counter('n').increment()
      counted++
      const now = performance.now()
      if (now - last > 50) pauses.push(now - last)
      last = now
      // What a kill costs is what is tried here, not how much an owner can do: it needs some of the machine to come back.
      await new Promise(resolve => setTimeout(resolve, 25))
    }
  }
  // Not one after the other: what was sent together keeps its order, too.
  const push = async () => {
    while (!isOver()) {
      await Promise.all(Array.from({ length: 8 }, () => store.list('log').push([name, pushed++])))
      await new Promise(resolve => setTimeout(resolve, 25))
    }
  }
  await Promise.all([...Array.from({ length: 16 }, count), push()])
  return { counted, pushed, pauses }
}

const read = `
  const gaps = []
  let [reads, before, last] = [0, 0, performance.now()]
  while (store.counter('over').peek() === 0) {
    const n = reads % 2 ? store.counter('n').peek() : await store.counter('n').get()
    if (n < before) throw new Error('a read saw ' + n + ' after ' + before)
    before = n
    // Others want to run, too.
    if (++reads % 10 === 0) await new Promise(resolve => setTimeout(resolve, 5))
    const now = performance.now()
    if (now - last > 20) gaps.push(now - last)
    last = now
  }
  print(JSON.stringify({ reads, gaps }))`
