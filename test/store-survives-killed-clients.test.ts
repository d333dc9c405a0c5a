import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { findWalReaders } from '../src/store/database/wal-readers.ts'
import { fairMs } from './support/busy-machine.ts'
import { firstLine, type StoreFolder, storeFolder } from './support/store-script.ts'
import { signalProcess } from './support/tree-processes.ts'

/** Of writers, and of readers: see store-survives-kills.test.ts. */
const kills = Number(process.env.SAOLA_KILLS ?? 9)
const atOnce = 3

test('writers are killed: what was acknowledged to them is there, in its order', async t => {
  const folder = storeFolder(t)
  await folder.warmUp()
  await using store = folder.open()
  await atRandom(folder, async name => {
    const acknowledged = await killAmid(folder, write, name, 50)
    const values = await store.map('log').getMany(acknowledged.map(i => `${name}:${i}`))
    assert.deepEqual(values, acknowledged)
    const pushed = await store.list<number>(`list ${name}`).toArray()
    // Of those that were under way some may have come to something, none without those before it.
    assert.deepEqual(
      pushed,
      Array.from(pushed, (_, i) => i),
    )
    assert.ok(pushed.length >= acknowledged.length * 4, `${pushed.length} of ${acknowledged.length * 4}`)
  })
})

test('readers are killed: nobody notices, and nothing of them holds the WAL', async t => {
  const folder = storeFolder(t)
  await folder.warmUp()
  await using store = folder.open()
  const both = (i: number) =>
    store.transaction(tx => {
      tx.map('left').set(`key ${i % 700}`, i)
      tx.map('right').set(`key ${i % 700}`, i)
    })
  await Promise.all(Array.from({ length: 700 }, (_, i) => both(i)))
  let isOver = false
  const took: number[] = []
  const writing = (async () => {
    for (let i = 0; !isOver; i++) {
      const startedAt = performance.now()
      await both(i)
      took.push(performance.now() - startedAt)
      // The readers need some of the machine.
      if (i % 4 === 0) await pause(10)
    }
  })()
  await atRandom(folder, async name => void (await killAmid(folder, read, name, 10)))
  isOver = true
  await writing
  // One that is killed and holds something up does so each time; what takes longer once is the machine.
  const [longestMs = 0, ...next] = took.sort((a, b) => b - a)
  const usualMs = next[Math.floor(kills / 2)] ?? 0
  t.diagnostic(`a write took ${Math.round(longestMs)} ms at most, and after a kill ${Math.round(usualMs)} ms`)
  assert.ok(usualMs < fairMs(1_000), `writes took ${usualMs} ms`)
  assert.ok(longestMs < fairMs(5_000), `a write took ${longestMs} ms`)
  assert.deepEqual(findWalReaders(folder.dir), process.platform === 'linux' ? [] : undefined)
})

test('a lock whose holder is killed is granted when its lease is over, and not before, also by a new owner', async t => {
  const folder = storeFolder(t)
  await folder.warmUp()
  await using store = folder.open()
  const names = ['a', 'b', 'c', 'd']
  const holders = names.map(name =>
    folder.start(
      name === 'a'
        ? `await store.lock('a').using({ ttl: '4s' }, async () => { print('held'); await store.list('never').take() })`
        : `await store.lock(arguments_[0]).acquire({ ttl: '4s' }); print('held'); setInterval(() => {}, 1_000)`,
      name,
    ),
  )
  await Promise.all(holders.map(({ child }) => firstLine(child)))
  const tokens = await Promise.all(names.map(async name => (await store.lock(name).holder())?.token ?? 0))
  const grants = names.map(async name => {
    const { token } = await store.lock(name).acquire({ ttl: '1m', wait: '60s' })
    return { token, at: performance.now() }
  })
  for (const [i, { child }] of holders.entries()) {
    child.kill('SIGKILL')
    await once(child, 'exit')
    // The last ones wait for their lease at another owner than the one that has granted it.
    const owner = folder.ownerId()
    if (i === 2 && owner !== undefined) assert.ok(signalProcess(owner, 'SIGKILL'))
  }
  const ends = await Promise.all(
    names.map(async name => performance.now() + ((await store.lock(name).holder())?.ttl ?? Number.NaN)),
  )
  const late: number[] = []
  for (const [i, grant] of grants.entries()) {
    const { token, at } = await grant
    const lateMs = at - (ends[i] as number)
    late.push(lateMs)
    t.diagnostic(`granted ${lateMs.toFixed(1)} ms after the end of the lease`)
    // Times are whole milliseconds there.
    assert.ok(lateMs > -2, `${-lateMs} ms too early`)
    assert.ok(token > (tokens[i] as number))
  }
  // The owner, or this process, may stand still for a moment just then.
  assert.ok(Math.min(...late) < fairMs(1_000) && Math.max(...late) < fairMs(3_000), `${late} ms too late`)
})

/** Does it for as many names as are to be killed, some at once: a process takes a while to start. */
async function atRandom(folder: StoreFolder, kill: (name: string) => Promise<void>): Promise<void> {
  let started = 0
  const next = async () => {
    while (started < kills) await kill(`${folder.mark} ${started++}`)
  }
  await Promise.all(Array.from({ length: atOnce }, next))
}

/** Starts a script that prints numbers, kills it at some moment before it has printed many more, and gives what it had printed. */
async function killAmid(folder: StoreFolder, body: string, name: string, linesMax: number): Promise<number[]> {
  const { child, output } = folder.start(body, name)
  const lines = 5 + Math.random() * linesMax
  let printed = 0
  child.stdout?.on('data', (part: string) => {
    printed += part.split('\n').length - 1
    if (printed > lines) child.kill('SIGKILL')
  })
  const text = await output
  assert.equal(child.signalCode, 'SIGKILL', 'it has ended by itself')
  return text.split('\n').slice(0, -1).map(Number)
}

const write = `
  let pushed = 0
  for (let i = 0; ; i++) {
    const pushes = Array.from({ length: 4 }, () => store.list('list ' + arguments_[0]).push(pushed++))
    await Promise.all([store.map('log').set(arguments_[0] + ':' + i, i), ...pushes])
    print(String(i))
  }`

// Two maps that are always written together, pages of one of them, and both at the same moment.
const read = `
  for (let i = 0; ; i++) {
    let before = ''
    for await (const [key] of store.map('left').entries()) {
      if (key <= before) throw new Error('out of order')
      before = key
    }
    for (let k = 0; k < 100; k++) {
      const left = store.map('left').peek('key ' + k)
      const right = store.map('right').peek('key ' + k)
      if (right < left) throw new Error('half of a transaction was seen')
    }
    print(String(i))
    await new Promise(setImmediate)
  }`
