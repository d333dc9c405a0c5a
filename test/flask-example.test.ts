/** A Flask application under Debian's Gunicorn, its Redis and an edge are one tree: in order, alone where one dies, gone together. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Page } from 'playwright-core'
import { openBrowser } from './support/browser.ts'
import { freePorts } from './support/free-ports.ts'
import { HttpConnection } from './support/http-connection.ts'
import { root, startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const example = join(root, 'examples', 'flask')
/** Gunicorn's master and the two workers of the example. */
const gunicornProcesses = 3

interface Stage {
  readonly tree: Tree
  readonly config: string
  readonly redisPort: number
  readonly todoPort: number
}

test('examples/flask', async t => {
  if (!existsSync('/usr/bin/gunicorn')) return t.skip('NOT TESTED: gunicorn is missing. Install what the README says.')
  const stage = await startExample(t)
  const { tree } = stage
  await t.test('Redis starts first, then Gunicorn, then the edge', () => assertOrder(tree))
  await t.test('the list is kept by Python, through the edge', () => useList(tree))
  await t.test('files are sent by the edge, and never by Python', () => assertStatic(stage))
  await t.test('a slow upload is shown to Gunicorn when it is complete', () => uploadSlowly(stage))
  await t.test('a browser adds to-dos and ticks them off', part => useBrowser(part, tree))
  await t.test('kill -9 of Gunicorn: it comes back, the others stay, no request fails', () => killGunicorn(tree))
  await t.test('kill -9 of Redis: it comes back with the list, the others stay', () => killRedis(tree))
  await t.test('kill -9 of a worker of the edge: it comes back, the others stay', () => killWorker(tree))
  await t.test('a reload with a new command for Gunicorn leaves Redis alone, and no request fails', () => reload(stage))
  await t.test('a stop ends all, and leaves nothing behind', () => stop(stage))
})

/** The example as it is, on ports that are free, and with a Gunicorn that says what it is asked for when it is asked. */
async function startExample(t: TestContext): Promise<Stage> {
  const [redisPort = 0, todoPort = 0] = await freePorts(2)
  const config = readFileSync(join(example, 'saola.config.ts'), 'utf8')
    .replaceAll(/\b9001\b/g, String(todoPort))
    .replaceAll(/\b9002\b/g, String(redisPort))
    .replace(':8000', ':0')
    .replace('./data', './list')
    .replace('app:app', '--log-level debug app:app')
    // Its own title would overwrite the environment, by which the processes of a test are found.
    .replace('redis-server', 'redis-server --set-proc-title no')
  const tree = await startTree(t, {
    fixture: example,
    // Whoever has tried the example has a list in its own folder.
    files: { 'list/empty': '' },
    config,
    // Debian's own Gunicorn, whatever other one there is.
    env: { PATH: `/usr/bin:${process.env.PATH}` },
  })
  return { tree, config, redisPort, todoPort }
}

function assertOrder({ lines }: Tree): void {
  const placeOf = (pattern: RegExp) => lines.findIndex(line => pattern.test(line))
  const places = [
    placeOf(/"program\.ready","name":"redis:0"/),
    placeOf(/"source":"todo:0".*Starting gunicorn/),
    placeOf(/"program\.ready","name":"todo:0"/),
    placeOf(/"worker\.ready","name":"web:0"/),
    placeOf(/"tree\.ready"/),
  ]
  assert.ok(!places.includes(-1), String(places))
  assert.deepEqual(
    places.toSorted((a, b) => a - b),
    places,
  )
}

async function useList(tree: Tree): Promise<void> {
  const { ask } = apiOf(tree)
  assert.deepEqual(await ask('GET', '/api/todos'), [200, []])
  const plants = { number: 1, title: 'Water the plants', done: false }
  assert.deepEqual(await ask('POST', '/api/todos', { title: ' Water the plants ' }), [201, plants])
  assert.deepEqual(await ask('POST', '/api/todos', { title: 'Read' }), [201, { number: 2, title: 'Read', done: false }])
  assert.deepEqual(await ask('PATCH', '/api/todos/1', { done: true }), [200, { ...plants, done: true }])
  assert.deepEqual(await ask('DELETE', '/api/todos/2'), [204, undefined])
  assert.deepEqual(await ask('GET', '/api/todos'), [200, [{ ...plants, done: true }]])
  for (const [method, path, body, status] of [
    ['POST', '/api/todos', { title: ' ' }, 400],
    ['POST', '/api/todos', ['Read'], 400],
    ['PATCH', '/api/todos/1', { done: 'yes' }, 400],
    ['PATCH', '/api/todos/9', { done: true }, 404],
    ['DELETE', '/api/todos/2', undefined, 404],
  ] as const) {
    assert.equal((await ask(method, path, body))[0], status, `${method} ${path}`)
  }
  const page = await fetch(tree.url)
  assert.match(await page.text(), /<title>To do<\/title>[\s\S]*Water the plants/)
}

async function assertStatic({ tree, todoPort }: Stage): Promise<void> {
  for (const name of ['todo.css', 'todo.js', 'todo.svg']) {
    const sent = await fetch(`${tree.url}/static/${name}`)
    assert.deepEqual([sent.status, sent.headers.get('cache-control')], [200, 'public, max-age=60'])
    assert.equal(await sent.text(), readFileSync(join(example, 'static', name), 'utf8'))
    assert.equal((await fetch(`http://127.0.0.1:${todoPort}/static/${name}`)).status, 404)
  }
}

const titles = Array.from({ length: 40 }, (_, index) => `To-do ${index + 1} of a file`)

async function uploadSlowly({ tree, todoPort }: Stage): Promise<void> {
  const { list } = apiOf(tree)
  const body = titles.map(title => `${title}\n`).join('')
  const head = `POST /api/todos/import HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n`
  const upload = await HttpConnection.open(tree.url)
  let since = tree.lines.length
  const isAsked = () => tree.lines.slice(since).some(line => line.includes('POST /api/todos/import'))
  upload.send(head)
  for (let at = 0; at < body.length - 1; at += 40) {
    upload.send(body.slice(at, Math.min(at + 40, body.length - 1)))
    // An answer of Gunicorn to somebody else: time enough for it to hear of the upload, if it were told.
    await list()
  }
  assert.equal(isAsked(), false)
  upload.send(body.slice(-1))
  const { status, body: answer } = await upload.receive()
  assert.deepEqual([status, JSON.parse(String(answer))], [201, { added: titles.length }])
  assert.equal(isAsked(), true)
  const imported = (await list()).map(({ title }) => title)
  assert.deepEqual(imported.slice(-titles.length), titles)

  // The same without the edge: the head alone has a worker wait for the rest.
  since = tree.lines.length
  const direct = await HttpConnection.open(`http://127.0.0.1:${todoPort}`)
  direct.send(head)
  await until('Gunicorn is at it', isAsked)
  direct.close()
}

async function useBrowser(t: TestContext, tree: Tree): Promise<void> {
  const browser = await openBrowser(t)
  if (!browser) return
  const page = await browser.newPage()
  const complaints: string[] = []
  page.on('console', message => complaints.push(message.text()))
  page.on('pageerror', error => complaints.push(String(error)))
  await page.goto(tree.url)
  const title = `<b>Feed</b> the "cat" & the dog`
  await page.getByLabel('What is next?').fill(title)
  await page.getByRole('button', { name: 'Add' }).click()
  await itemOf(page, title).getByRole('checkbox').check()
  await page.locator('li.done', { hasText: title }).waitFor()
  await page.reload()
  await page.locator('li.done', { hasText: title }).waitFor()
  await itemOf(page, title).getByRole('button').click()
  await itemOf(page, title).waitFor({ state: 'detached' })
  assert.ok(!(await apiOf(tree).list()).some(todo => todo.title === title))
  assert.deepEqual(complaints, [])
}

function itemOf(page: Page, title: string) {
  return page.locator('li', { hasText: title })
}

async function killGunicorn(tree: Tree): Promise<void> {
  const before = await pidsOf(tree)
  const killed = gunicornIds(tree)
  assert.equal(killed.length, gunicornProcesses)
  const { list } = apiOf(tree)
  const todos = await list()
  await assertComesBack(tree, 'todo:0', async () => {
    // They wait in the socket until somebody is there again.
    for (let round = 0; round < 5; round++) assert.deepEqual(await list(), todos)
  })
  const after = await pidsOf(tree)
  assert.deepEqual({ ...after, 'todo:0': undefined }, { ...before, 'todo:0': undefined })
  const now = await until('all workers have booted', () => {
    const ids = gunicornIds(tree)
    return ids.length === gunicornProcesses && ids
  })
  assert.ok(!now.some(pid => killed.includes(pid)), 'a worker has outlived its master')
}

async function killRedis(tree: Tree): Promise<void> {
  const before = await pidsOf(tree)
  const { ask, list } = apiOf(tree)
  assert.equal((await ask('POST', '/api/todos', { title: 'Outlive a kill' }))[0], 201)
  const todos = await list()
  await assertComesBack(tree, 'redis:0')
  const answer = await until('the list is there again', async () => {
    const [status, body] = await ask('GET', '/api/todos')
    assert.ok(status === 200 || status === 503, `${status}`)
    return status === 200 && body
  })
  assert.deepEqual(answer, todos)
  assert.deepEqual({ ...(await pidsOf(tree)), 'redis:0': undefined }, { ...before, 'redis:0': undefined })
}

async function killWorker(tree: Tree): Promise<void> {
  const before = await pidsOf(tree)
  const { list } = apiOf(tree)
  const todos = await list()
  await assertComesBack(tree, 'web:0')
  assert.deepEqual(await list(), todos)
  assert.deepEqual({ ...(await pidsOf(tree)), 'web:0': undefined }, { ...before, 'web:0': undefined })
}

async function reload({ tree, config }: Stage): Promise<void> {
  const before = await pidsOf(tree)
  const { list } = apiOf(tree)
  const todos = await list()
  writeFileSync(join(tree.dir, 'saola.config.ts'), config.replace('-w 2', '-w 3'))
  let isOver = false
  const reloading = tree.cli('reload', '--wait').finally(() => {
    isOver = true
  })
  while (!isOver) assert.deepEqual(await list(), todos)
  const { code, stderr } = await reloading
  assert.equal(code, 0, stderr)
  const after = await pidsOf(tree)
  assert.equal(after['redis:0'], before['redis:0'])
  assert.notEqual(after['todo:0'], before['todo:0'])
  await until('the third worker is there', () => gunicornIds(tree).length === gunicornProcesses + 1)
}

async function stop({ tree, redisPort, todoPort }: Stage): Promise<void> {
  const webPort = Number(new URL(tree.url).port)
  const { code, stderr } = await tree.cli('stop')
  assert.equal(code, 0, stderr)
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
  assert.deepEqual(tree.processIds(), [])
  for (const port of [webPort, todoPort, redisPort]) assert.equal(await errorOfConnecting(port), 'ECONNREFUSED')
}

/** Kills a process of the tree, and waits until its place is filled again; `meanwhile` begins at once. */
async function assertComesBack(tree: Tree, name: string, meanwhile = async () => {}): Promise<void> {
  const pid = (await pidsOf(tree))[name] ?? 0
  const since = tree.lines.length
  const event = name.startsWith('web') ? 'worker.ready' : 'program.ready'
  signalProcess(pid, 'SIGKILL')
  await meanwhile()
  await tree.waitForEvent(event, { name }, { since })
  assert.notEqual((await pidsOf(tree))[name], pid)
}

async function pidsOf(tree: Tree): Promise<Record<string, number | undefined>> {
  const { children } = await tree.status()
  return Object.fromEntries(children.map(({ name, pid }) => [name, pid]))
}

function gunicornIds(tree: Tree): number[] {
  return tree.processIds().filter(pid => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('/usr/bin/gunicorn')
    } catch {
      return false
    }
  })
}

interface Todo {
  readonly number: number
  readonly title: string
  readonly done: boolean
}

function apiOf(tree: Tree) {
  const ask = async (method: string, path: string, body?: unknown): Promise<[status: number, answer: unknown]> => {
    const response = await fetch(`${tree.url}${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await response.text()
    return [response.status, text === '' ? undefined : JSON.parse(text)]
  }
  const list = async (): Promise<Todo[]> => {
    const [status, answer] = await ask('GET', '/api/todos')
    assert.equal(status, 200, JSON.stringify(answer))
    return answer as Todo[]
  }
  return { ask, list }
}

function errorOfConnecting(port: number): Promise<string | undefined> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(undefined)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
  })
}
