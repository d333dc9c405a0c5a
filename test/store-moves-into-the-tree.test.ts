import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import type { ChildStatus } from '../src/ipc/status.ts'
import type { Pairs } from '../src/store/resp/reply.ts'
import type { Store } from '../src/store/store.ts'
import { request } from './support/http-connection.ts'
import { storeFolder } from './support/store-script.ts'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const app = `
import { store } from 'saola/store'
export default {
  async fetch(request) {
    const url = new URL(request.url)
    if (url.pathname !== '/visit') return Response.json('hello')
    return Response.json(await store.counter('n').increment())
  },
}`
const files = { 'app.mjs': app }
const web = { app: './app.mjs', listen: 'unix:./web.sock', workers: 1 }

/** Counts and pushes, 16 at a time, until it is told that it is over; prints how often. The tree needs some of the machine. */
const load = `
let done = 0
const worker = async () => {
  while (store.counter('over').peek() === 0) {
    await store.counter('n').increment()
    await store.list('each').push(arguments_[0])
    done++
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
await store.counter('over').set(0)
print('begun')
await Promise.all(Array.from({ length: 16 }, worker))
print(String(done))`

async function visit(tree: Tree): Promise<number> {
  const { status, body } = await request(`unix:${tree.dir}/web.sock`, { path: '/visit' })
  assert.equal(status, 200, String(body))
  return JSON.parse(String(body))
}

async function storeChild(tree: Tree): Promise<ChildStatus | undefined> {
  return (await tree.status()).children.find(child => child.name === 'store:0')
}

/** As soon as it runs. */
function runningStore(tree: Tree): Promise<ChildStatus> {
  return until('store:0 is RUNNING', async () => {
    const child = await storeChild(tree)
    return child?.state === 'RUNNING' && child
  })
}

test("the tree takes the store over from a script's owner under load: nothing is lost, nothing counts twice", async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const scripts = ['a', 'b'].map(name => folder.start(load, name))
  await until('both count', async () => (await store.counter('n').get()) > 200)
  const before = folder.ownerId()
  assert.ok(before)

  const tree = await startTree(t, { files, config: { name: 'shop', store: { dir: folder.dir }, apps: { web } } })
  const { pid } = await runningStore(tree)
  // The connection to the one before it may still be open.
  await until('it answers', async () => (await ownerOf(store)) === pid)
  await until('the other one has ended', () => folder.ownerId() === undefined)
  const taken = await store.counter('n').get()
  await until('the scripts go on', async () => (await store.counter('n').get()) > taken + 50)
  let visits = 0
  for (; visits < 20; visits++) await visit(tree)
  await store.counter('over').set(1)

  const done = (await Promise.all(scripts.map(({ output }) => output))).map(text => Number(text.split('\n')[1]))
  const total = (done[0] ?? 0) + (done[1] ?? 0)
  assert.equal(await store.counter('n').get(), total + visits)
  assert.equal(await store.list('each').length(), total)
  assert.equal((await storeChild(tree))?.restarts, 0)
  assert.deepEqual(tree.events('store.backoff'), [])
})

test('it does so at the first use, too', async t => {
  const tree = await startTree(t, { files, config: { name: 'shop', apps: { web } } })
  const folder = storeFolder(t, `${tree.dir}/.saola/shop/store`)
  await using store = folder.open()
  await store.counter('n').set(41)
  assert.ok(folder.ownerId())
  assert.equal(await visit(tree), 42)
  await runningStore(tree)
  await until('the other one has ended', () => folder.ownerId() === undefined)
  assert.equal(await store.counter('n').get(), 42)
})

test('a script beside a tree leaves the store to it while store:0 starts again, and to the next one where it was killed', async t => {
  const config = { name: 'shop', store: {}, apps: { web } }
  const tree = await startTree(t, { files, config })
  await tree.waitForEvent('store.ready')
  const folder = storeFolder(t, `${tree.dir}/.saola/shop/store`)
  await using store = folder.open()
  const script = folder.start(load, 'a')
  let longestMs = 0
  for (let kills = 0; kills < 3; kills++) {
    const before = await store.counter('n').increment()
    await until('it counts', async () => (await store.counter('n').get()) > before + 50)
    const { pid } = await runningStore(tree)
    const isBack = tree.waitForEvent('store.ready', {}, { since: tree.lines.length })
    const killedAt = performance.now()
    assert.ok(signalProcess(pid ?? 0, 'SIGKILL'))
    await isBack
    longestMs = Math.max(longestMs, performance.now() - killedAt)
  }

  // The script stays connected, so that the old owner would stay, too.
  const old = (await runningStore(tree)).pid ?? 0
  const killedAt = performance.now()
  tree.signal('SIGKILL')
  await tree.exit
  const second = await startTree(t, { files, config, dir: tree.dir })
  await second.waitForEvent('store.ready')
  longestMs = Math.max(longestMs, performance.now() - killedAt)
  await visit(second)
  await store.counter('over').set(1)
  const done = Number((await script.output).split('\n')[1])
  assert.equal(await store.counter('n').get(), done + 4)
  await until('the old owner has ended', () => !isStore(old))
  assert.deepEqual(second.events('store.fatal'), [])
  assertOnlyOfTree(folder.dir, longestMs)
})

test('two trees on one folder: the second says whose it is, once, and serves on', async t => {
  const first = await startTree(t, { files, config: { name: 'shop', store: {}, apps: { web } } })
  assert.equal(await visit(first), 1)
  const dir = `${first.dir}/.saola/shop/store`
  const second = await startTree(t, { files, config: { name: 'copy', store: { dir }, apps: { web } } })
  const { reason } = await second.waitForEvent('store.fatal')
  const owner = (await runningStore(first)).pid
  assert.match(String(reason), new RegExp(`process ${owner} \\(store:0 of the tree "shop"\\).*store\\.dir`))
  assert.deepEqual(second.events('store.backoff'), [])
  const refused = await until('it is FATAL', async () => {
    const child = await storeChild(second)
    return child?.state === 'FATAL' && child
  })
  assert.equal(refused.lastExit?.reason, reason)
  // Its workers write by the owner that there is.
  assert.equal(await visit(second), 2)
  assert.equal((await storeChild(first))?.restarts, 0)

  await first.stop()
  await second.control('restart', { target: 'store:0' })
  assert.equal(await visit(second), 3)
})

test('without its supervisor store:0 serves those who still end, and is gone with them', async t => {
  const tree = await startTree(t, { files, config: { name: 'shop', store: {}, apps: { web } } })
  assert.equal(await visit(tree), 1)
  const folder = storeFolder(t, `${tree.dir}/.saola/shop/store`)
  tree.signal('SIGKILL')
  await until('all have ended', () => tree.processIds().length === 0)
  assert.ok(existsSync(`${folder.dir}/clean`))
  assert.ok(!existsSync(`${folder.dir}/owner.json`))
  await using store = folder.open()
  assert.equal(await store.counter('n').get(), 1)
})

test('so is one that nobody was connected to', async t => {
  const tree = await startTree(t, { files, config: { name: 'shop', store: {}, apps: { web } } })
  await tree.waitForEvent('store.ready')
  tree.signal('SIGKILL')
  await until('all have ended', () => tree.processIds().length === 0)
  assert.ok(existsSync(`${tree.dir}/.saola/shop/store/clean`))
})

// Of a script with a tree, as src/store/open-store.ts has it, but for the time that a busy machine takes to tell this process.
const patienceMs = 2_500

/** That no script has started an owner of its own, which would have a log there; it may, where the tree had none for longer. */
function assertOnlyOfTree(dir: string, outageMs: number): void {
  if (outageMs < patienceMs) assert.ok(!existsSync(`${dir}/store.log`), `after ${outageMs} ms`)
}

/** The process that answers. */
async function ownerOf(store: Store): Promise<unknown> {
  const { items } = (await store.command('saola.info')) as Pairs
  return items[items.findIndex(item => String(item) === 'pid') + 1]
}

function isStore(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('store:0')
  } catch {
    return false
  }
}
