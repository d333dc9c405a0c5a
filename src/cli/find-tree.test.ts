import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { controlSocketOf, stateFolderOf } from '../base/state-folder.ts'
import { findTree, type TreeChoice } from './find-tree.ts'

const env = {}

function newFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-find-')))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Answers at a socket like a tree that was started with `configFile`. */
async function runTree(t: TestContext, socket: string, configFile?: string): Promise<void> {
  mkdirSync(dirname(socket), { recursive: true })
  const server = http.createServer((_request, response) => response.end(JSON.stringify({ configFile })))
  await once(server.listen(socket), 'listening')
  t.after(() => server.close())
}

async function runIn(t: TestContext, folder: string, name: string, configFile?: string): Promise<string> {
  const socket = controlSocketOf(stateFolderOf(folder, name), env)
  mkdirSync(stateFolderOf(folder, name), { recursive: true })
  await runTree(t, socket, configFile)
  return socket
}

const find = (cwd: string, choice: TreeChoice = {}) => findTree(choice, { cwd, env })

test('the only tree of the folder is found without a word', async t => {
  const folder = newFolder(t)
  const socket = await runIn(t, folder, 'shop')
  assert.equal(await find(folder), socket)
})

test('a socket that a dead tree left does not count', async t => {
  const folder = newFolder(t)
  const dead = controlSocketOf(stateFolderOf(folder, 'dead'), env)
  mkdirSync(dirname(dead), { recursive: true })
  const server = net.createServer()
  await once(server.listen(dead), 'listening')
  await leaveBehind(server, dead)
  assert.ok(existsSync(dead))
  await assert.rejects(find(folder), { code: 'ERR_NOT_RUNNING', message: /Start one with "saola start"/ })
  const socket = await runIn(t, folder, 'shop')
  assert.equal(await find(folder), socket)
})

test('several trees are listed, and --name chooses', async t => {
  const folder = newFolder(t)
  await runIn(t, folder, 'shop')
  const blog = await runIn(t, folder, 'blog')
  await assert.rejects(find(folder), {
    code: 'ERR_TREE_AMBIGUOUS',
    message: `2 trees run in ${folder}. Choose one:`,
    problems: ['--name blog', '--name shop'],
  })
  assert.equal(await find(folder, { name: 'blog' }), blog)
  await assert.rejects(find(folder, { name: 'blgo' }), { code: 'ERR_NOT_RUNNING', message: /did you mean blog\?$/ })
  await assert.rejects(find(folder, { name: 'other' }), { message: /there is blog, shop\.$/ })
})

test('-c chooses the tree that was started with that file, from any folder', async t => {
  const folder = newFolder(t)
  const one = await runIn(t, folder, 'one', join(folder, 'one.config.json'))
  await runIn(t, folder, 'two', join(folder, 'two.config.json'))
  assert.equal(await find(folder, { config: 'one.config.json' }), one)
  assert.equal(await find(tmpdir(), { config: join(folder, 'one.config.json') }), one)
  await assert.rejects(find(folder, { config: 'three.config.json' }), {
    code: 'ERR_NOT_RUNNING',
    message: /with three\.config\.json\. Start one with "saola start"\.$/,
  })
})

test('a tree in a folder whose path is too long for a socket is found', async t => {
  const folder = join(newFolder(t), 'x'.repeat(120))
  const socket = await runIn(t, folder, 'shop')
  assert.ok(!socket.startsWith(folder))
  assert.equal(await find(folder), socket)
})

test('a socket that the configuration puts elsewhere is found, with a wrong configuration none', async t => {
  const folder = newFolder(t)
  const socket = join(folder, 'elsewhere.sock')
  await runTree(t, socket)
  const file = join(folder, 'saola.config.json')
  writeFileSync(join(folder, 'app.ts'), '')
  writeFileSync(file, JSON.stringify({ control: { socket }, apps: { web: { app: './app.ts' } } }))
  assert.equal(await find(folder), socket)
  writeFileSync(file, '{')
  await assert.rejects(find(folder), { code: 'ERR_NOT_RUNNING' })
})

/** Closes a server without the removal of its socket: Node removes the path that it knows, so that is taken away first. */
async function leaveBehind(server: net.Server, path: string): Promise<void> {
  renameSync(path, `${path}.kept`)
  await new Promise(resolve => server.close(resolve))
  renameSync(`${path}.kept`, path)
}
