import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { request } from './support/http-connection.ts'
import { parseEvent } from './support/line-log.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const app = `
export default (request, response) => {
  console.log('stdout of ' + request.url)
  console.error('stderr of ' + request.url)
  response.end('served')
}
`
const files = { 'app.mjs': app }
const web = { app: './app.mjs', listen: 'unix:./app.sock', workers: 1, accessLog: { format: 'combined' } }
const config = { name: 'shop', apps: { web } }
/** A request for it leaves three lines, of 15 KB together. */
const longPath = `/${'long'.repeat(1_250)}`

test('a tree whose output nobody reads any more serves on: saola start | head -1', async t => {
  const tree = spawnTree(t, { files, config, wrapper: ['sh', '-c', '"$@" | head -n 1', 'sh'] })
  const pid = Number(parseEvent(await tree.waitForLine(/tree\.starting/))?.pid)
  await serving(tree)
  await ask(tree, 50)
  signalProcess(pid, 'SIGHUP')
  const status = await until('it has reloaded', async () => {
    const now = await tree.status()
    return now.lastReload && now
  })
  assert.equal(status.lastReload?.ok, true)
  assert.ok(status.children.every(child => child.lastExit === undefined))
  await ask(tree, 50)
  signalProcess(pid, 'SIGTERM')
  await tree.exit
  assert.deepEqual(tree.processIds(), [])
  assert.equal(tree.lines.length, 1)
})

test('a tree that is started without any output serves', async t => {
  const tree = spawnTree(t, { files, config, wrapper: ['sh', '-c', 'exec "$@" >&- 2>&-', 'sh'] })
  await serving(tree)
  await ask(tree, 20)
  tree.signal('SIGTERM')
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
})

test('a reader of the output that has stopped reading holds up no request', async t => {
  // Takes the first line, and then nothing any more, of a pipe that holds 64 KB.
  const wrapper = ['sh', '-c', '"$@" | { read -r line; echo "$line"; exec sleep 600; }', 'sh']
  const tree = spawnTree(t, { files, config, wrapper })
  const pid = Number(parseEvent(await tree.waitForLine(/tree\.starting/))?.pid)
  await serving(tree)
  // Some 3 MB of output.
  await Promise.all(Array.from({ length: 4 }, () => ask(tree, 50, longPath)))
  const { children } = await tree.status()
  assert.deepEqual(
    children.map(child => [child.state, child.lastExit, child.logDropped]),
    [['RUNNING', undefined, 0]],
  )
  signalProcess(pid, 'SIGTERM')
  await until('the tree has ended', () => !existsSync(`/proc/${pid}`))
})

test('a reader that goes on reading gets every line', async t => {
  const count = 100
  const tree = await startTree(t, { files, config })
  tree.stdout.pause()
  await ask(tree, count, longPath)
  tree.stdout.resume()
  assert.equal((await tree.stop()).code, 0)
  const linesWith = (text: string) => tree.lines.filter(line => line.includes(text)).length
  assert.equal(linesWith('"message":"stdout of '), count)
  assert.equal(linesWith('"message":"stderr of '), count)
  assert.equal(linesWith('"GET /long'), count)
})

function serving(tree: Tree): Promise<unknown> {
  return until('it serves', () => request(targetOf(tree)).then(Boolean, () => false))
}

async function ask(tree: Tree, count: number, path = '/'): Promise<void> {
  for (let asked = 0; asked < count; asked++) assert.equal((await request(targetOf(tree), { path })).status, 200)
}

function targetOf(tree: Tree): string {
  return `unix:${join(tree.dir, 'app.sock')}`
}
