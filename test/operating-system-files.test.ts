import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { asNobody, testAsRoot } from './support/nobody.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'

const app = `
import { writeFileSync, mkdirSync } from 'node:fs'
mkdirSync('folder', { recursive: true })
writeFileSync('folder/file', '')
export default { fetch: () => new Response(process.umask().toString(8)) }
`
const files = { 'app.mjs': app }

test('the umask of the configuration holds for the workers and for what the tree itself creates', async t => {
  const web = { accessLog: { file: './access.log' }, stdout: { file: './logs/web.log' } }
  const tree = await startTree(t, { files, config: configOf({ umask: '027', pidFile: './shop.pid' }, web) })
  assert.equal(String((await request(tree.url)).body), '27')
  assert.equal(modeOf(tree, 'folder'), 0o750)
  assert.equal(modeOf(tree, 'folder/file'), 0o640)
  assert.equal(modeOf(tree, 'logs'), 0o750)
  for (const name of ['logs/web.log', 'access.log', 'shop.pid']) assert.equal(modeOf(tree, name), 0o640, name)

  await t.test('the pid file is there while the tree is', async () => {
    const path = join(tree.dir, 'shop.pid')
    assert.equal(readFileSync(path, 'utf8'), `${tree.pid}\n`)
    await tree.stop()
    assert.ok(!existsSync(path))
  })
})

test('without a umask in the configuration, that of whoever starts the tree holds', async t => {
  const tree = await startTree(t, { files, config: configOf({}), wrapper: ['sh', '-c', 'umask 000; exec "$@"', 'sh'] })
  assert.equal(String((await request(tree.url)).body), '0')
  assert.equal(modeOf(tree, 'folder/file'), 0o666)

  await t.test('the control socket is for its owner alone, whatever the umask', () => {
    assert.equal(modeOf(tree, '.saola'), 0o700)
    assert.equal(modeOf(tree, '.saola/shop'), 0o700)
    assert.equal(statSync(tree.controlSocket).mode & 0o777, 0o600)
  })
})

test('a pid file that a living process holds ends the start, and is left as it is', async t => {
  const other = spawnSleep(t)
  const tree = spawnTree(t, {
    files: { ...files, 'shop.pid': `${other}\n` },
    config: configOf({ pidFile: './shop.pid' }),
  })
  assert.deepEqual(await tree.exit, { code: 1, signal: null })
  const path = join(tree.dir, 'shop.pid')
  const told = `saola: Process ${other} holds the pid file ${path}. Stop it first.   [ERR_ALREADY_RUNNING]`
  assert.ok(tree.lines.includes(told), tree.lines.join('\n'))
  assert.equal(readFileSync(path, 'utf8'), `${other}\n`)
  assert.deepEqual(tree.processIds(), [])
})

// All kinds of them are in src/supervisor/pid-file.test.ts.
test('a stale pid file is replaced', async t => {
  const tree = await startTree(t, {
    files: { ...files, 'shop.pid': 'nonsense' },
    config: configOf({ pidFile: './shop.pid' }),
  })
  assert.equal(readFileSync(join(tree.dir, 'shop.pid'), 'utf8'), `${tree.pid}\n`)
})

testAsRoot('another user cannot connect to the control socket, wherever it is', async t => {
  const tree = await startTree(t, { files, owner: 0, config: configOf({ control: { socket: './control.sock' } }) })
  const script = 'socket(S, PF_UNIX, SOCK_STREAM, 0); print connect(S, pack_sockaddr_un($ARGV[0])) ? "connected" : $!'
  const [command = '', ...args] = [...asNobody, 'perl', '-MSocket', '-e', script, join(tree.dir, 'control.sock')]
  assert.equal(spawnSync(command, args, { encoding: 'utf8', env: { LC_ALL: 'C' } }).stdout, 'Permission denied')
})

function modeOf(tree: Tree, name: string): number {
  return statSync(join(tree.dir, name)).mode & 0o777
}

function configOf(more: object, web: object = {}): object {
  const app = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, accessLog: false, ...web }
  return { name: 'shop', apps: { web: app }, ...more }
}

/** A process that has nothing to do with a tree. */
function spawnSleep(t: TestContext): number {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  t.after(() => child.kill('SIGKILL'))
  return child.pid ?? 0
}
