import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import type { ServerError } from '../src/base/errors.ts'
import type { ChildStatus } from '../src/ipc/status.ts'
import type { Store } from '../src/store.ts'
import { request } from './support/http-connection.ts'
import { nobody, openProgram, testAsRoot } from './support/nobody.ts'
import { mountSmallDisk } from './support/small-disk.ts'
import { storeFolder } from './support/store-script.ts'
import { startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const app = `
import { existsSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { onShutdown, worker } from 'saola/app'
import { store } from 'saola/store'
const visits = store.counter('visits')
const routes = {
  '/': () => 'hello',
  '/visit': () => visits.increment(),
  '/slow': async () => {
    console.log('slow begins')
    while (!existsSync('./go')) await pause(20)
    return visits.increment()
  },
}
onShutdown(() => routes.isUsed && store.map('ends').set(worker.name, 'written'))
export default {
  async fetch(request) {
    const path = new URL(request.url).pathname
    if (path === '/slow') routes.isUsed = true
    return Response.json(await routes[path]())
  },
}`

const web = { app: './app.mjs', listen: 'unix:./web.sock' }
const withStore = { name: 'shop', store: {}, apps: { web } }
const withTwoWorkers = { ...withStore, apps: { web: { ...web, workers: 2, balance: 'round-robin' } } }

async function ask(tree: Tree, path: string): Promise<unknown> {
  const { status, body } = await request(`unix:${tree.dir}/web.sock`, { path })
  assert.equal(status, 200, String(body))
  return JSON.parse(String(body))
}

/** As soon as it is in the state. */
function storeChild(tree: Tree, state: ChildStatus['state'] = 'RUNNING'): Promise<ChildStatus> {
  return until(`store:0 is ${state}`, async () => {
    const { children } = await tree.status()
    return children.find(child => child.name === 'store:0' && child.state === state)
  })
}

const folderOf = (tree: Tree) => `${tree.dir}/.saola/shop/store`

async function readStore(t: TestContext, tree: Tree, read: (store: Store) => Promise<unknown>) {
  const folder = storeFolder(t, folderOf(tree))
  await using store = folder.open()
  return await read(store)
}

test('with a section of its own in the configuration it starts with the tree, and the status shows it last', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: withTwoWorkers })
  const { pid } = await storeChild(tree)
  await until('it has told how it is', async () => (await storeChild(tree)).rssBytes > 0)
  await ask(tree, '/visit')
  assert.ok(tree.processIds().includes(pid ?? 0))
  const rows = (await tree.cli('status')).stdout.trimEnd().split('\n').slice(-3)
  assert.deepEqual(
    rows.map(row => row.split(/\s+/).slice(0, 2).join(' ')),
    ['web:0 RUNNING', 'web:1 RUNNING', 'store:0 RUNNING'],
  )
  assert.match(rows[2] ?? '', /\d+% {2}\d+MB/)
  assert.match((await tree.cli('top')).stdout, /\nstore:0 +RUNNING +\d+ /)
  assert.deepEqual(
    (await tree.status()).apps.map(({ name }) => name),
    ['web'],
  )
})

test('an application that never uses it has neither a process nor a folder for it', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: { name: 'shop', apps: { web } } })
  // It has made its counter already.
  assert.equal(await ask(tree, '/'), 'hello')
  assert.deepEqual(
    (await tree.status()).children.map(({ name }) => name),
    ['web:0'],
  )
  assert.equal(tree.processIds().length, 2)
  assert.ok(!existsSync(folderOf(tree)))
  await tree.stop()
  assert.ok(!existsSync(folderOf(tree)))
})

test('the first use starts it, and a quick stop ends it', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: { name: 'shop', apps: { web } } })
  assert.deepEqual(await Promise.all([ask(tree, '/visit'), ask(tree, '/visit')]).then(all => all.sort()), [1, 2])
  await storeChild(tree)
  assert.equal(tree.processIds().length, 3)
  assert.equal(tree.events('store.ready').length, 1)
  assert.ok(!existsSync(`${folderOf(tree)}/store.log`))
  tree.signal('SIGQUIT')
  assert.equal((await tree.exit).code, 0)
  assert.deepEqual(tree.processIds(), [])
  assert.equal(await readStore(t, tree, store => store.counter('visits').get()), 2)
})

test('killed, it comes back: no write under way fails, and each counts once', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: withStore })
  let visits = 0
  let isOver = false
  const client = async () => {
    for (; !isOver; visits++) await ask(tree, '/visit')
  }
  const clients = Array.from({ length: 8 }, client)
  for (let kills = 1; kills <= 4; kills++) {
    const { pid, restarts } = await storeChild(tree)
    assert.equal(restarts, kills - 1)
    const before = visits
    await until('it is in use', () => visits > before + 20)
    const isBack = tree.waitForEvent('store.ready', {}, { since: tree.lines.length })
    assert.ok(signalProcess(pid ?? 0, 'SIGKILL'))
    await isBack
  }
  isOver = true
  await Promise.all(clients)
  assert.equal(await ask(tree, '/visit'), visits + 1)
  assert.equal((await storeChild(tree)).lastExit?.signal, 'SIGKILL')
  const [line] = tree.events('store.exited')
  assert.deepEqual([line?.name, line?.reason], ['store:0', 'killed by SIGKILL'])
})

test('it serves until the last worker has ended, and leaves a clean mark and no process', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: withTwoWorkers })
  const answers = [ask(tree, '/slow'), ask(tree, '/slow')]
  await until('both are under way', () => tree.lines.filter(line => line.includes('slow begins')).length === 2)
  tree.signal('SIGTERM')
  await tree.waitForEvent('worker.stopping')
  // Also when it is killed meanwhile.
  assert.ok(signalProcess((await storeChild(tree)).pid ?? 0, 'SIGKILL'))
  writeFileSync(`${tree.dir}/go`, '')
  assert.deepEqual((await Promise.all(answers)).sort(), [1, 2])
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  assert.deepEqual(tree.processIds(), [])
  assert.ok(existsSync(`${folderOf(tree)}/clean`))
  const order = ['worker.stopped', 'worker.stopped', 'store.stopping', 'store.stopped', 'tree.stopped']
  assert.deepEqual(
    tree.lines.map(line => JSON.parse(line).event).filter(event => order.includes(event)),
    order,
  )
  const ends = await readStore(t, tree, store => store.map('ends').getMany(['web:0', 'web:1']))
  assert.deepEqual(ends, ['written', 'written'])
})

testAsRoot('it runs as the user of the workers', async t => {
  const config = { name: 'shop', store: {}, apps: { web: { ...web, user: 'nobody' } } }
  const tree = await startTree(t, { files: { 'app.mjs': app }, owner: 0, config, ...openProgram(t) })
  assert.equal(await ask(tree, '/visit'), 1)
  const { pid } = await storeChild(tree)
  assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), new RegExp(`^Uid:\\t${nobody}\\t`, 'm'))
  assert.equal((await tree.cli('store', 'get', 'visits')).stdout, '1\n')
})

test('reloads and restarts of the workers leave it alone; by its name it is restarted and stopped', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: withStore })
  const { pid } = await storeChild(tree)
  await tree.reload()
  await tree.control('restart', { target: 'all' })
  assert.equal((await storeChild(tree)).pid, pid)
  await assert.rejects(tree.control('scale', { target: 'store', workers: '2' }), /There is only one store\./)

  assert.equal((await tree.control('restart', { target: 'store:0' })).message, 'started anew')
  const restarted = await storeChild(tree)
  assert.notEqual(restarted.pid, pid)
  assert.equal(restarted.restarts, 0)

  await tree.control('stop', { target: 'store:0' })
  await storeChild(tree, 'STOPPED')
  const visit = ask(tree, '/visit')
  await tree.control('restart', { target: 'store:0' })
  assert.equal(await visit, 1)
})

test('a reload refuses to change its settings, and starts it when it brings the section', async t => {
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: { name: 'shop', apps: { web } } })
  const reload = (store: object) => {
    writeFileSync(`${tree.dir}/saola.config.json`, JSON.stringify({ ...withStore, store }))
    return tree.control('reload', { wait: true })
  }
  await assert.rejects(reload({ durability: 'always' }), error => {
    const { message, problems } = error as ServerError
    return /store\.durability: "everysec" -> "always" \(refused\)/.test([message, ...(problems ?? [])].join('\n'))
  })
  assert.equal((await reload({})).outcome?.ok, true)
  await storeChild(tree)
})

test('one that cannot start is FATAL with its reason, and the workers go on', async t => {
  const config = { ...withStore, store: { dir: './wall/store' } }
  const tree = await startTree(t, { files: { 'app.mjs': app, wall: 'a file' }, config })
  const { lastExit } = await storeChild(tree, 'FATAL')
  assert.match(lastExit?.reason ?? '', /could not boot: .*wall.* cannot hold a store: ENOTDIR/)
  assert.match((await tree.cli('status')).stdout, /\nstore:0 +FATAL .*cannot hold a store/)
  assert.equal(await ask(tree, '/'), 'hello')
  assert.equal((await tree.status()).state, 'running')

  rmSync(`${tree.dir}/wall`)
  await tree.control('restart', { target: 'store' })
  assert.equal(await ask(tree, '/visit'), 1)
})

test('on a full disk it waits for room, and then serves those who have waited', async t => {
  const disk = mountSmallDisk(t, 16)
  if (!disk) return
  disk.fill()
  const config = { ...withStore, store: { dir: `${disk.dir}/store` } }
  const tree = await startTree(t, { files: { 'app.mjs': app }, config })
  await tree.waitForLine(/"source":"store:0".*store\.waiting .*the disk is full/)
  const visit = ask(tree, '/visit')
  assert.equal((await storeChild(tree, 'STARTING')).restarts, 0)
  disk.empty()
  assert.equal(await visit, 1)
  assert.equal((await storeChild(tree)).restarts, 0)
})
