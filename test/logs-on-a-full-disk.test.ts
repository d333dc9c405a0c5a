import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { testAsRoot } from './support/nobody.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const app = `
export default (request, response) => {
  console.log('asked for ' + request.url)
  response.end('served')
}
`
const files = { 'app.mjs': app }
// Of a line: few of them are more than the small disk holds.
const paddingBytes = 3_600

test('with full disks under the logs requests are answered, it is said once for each file, and no line is lost', async t => {
  const dir = makeFolder(t)
  // Whatever is written there fails as on a full disk, until the link is gone and the file is opened anew.
  for (const name of ['access.log', 'out.log']) symlinkSync('/dev/full', join(dir, name))
  const web = { accessLog: { format: '%(U)s', file: './access.log' }, stdout: { file: './out.log' } }
  const tree = await startTree(t, { dir, files, config: configOf(web) })
  await ask(tree, 0, 30)
  await until('both files are in trouble', () => tree.events('log.trouble').length === 2)
  const troubles = tree.events('log.trouble')
  assert.deepEqual(troubles.map(({ file }) => file).sort(), [join(dir, 'access.log'), join(dir, 'out.log')])
  for (const { error, dropped } of troubles) {
    assert.match(String(error), /ENOSPC/)
    assert.equal(dropped, 0)
  }

  await ask(tree, 30, 60)
  for (const name of ['access.log', 'out.log']) rmSync(join(dir, name))
  tree.signal('SIGUSR1')
  await until('both have recovered', () => tree.events('log.recovered').length === 2)
  await ask(tree, 60, 90)
  assert.equal((await tree.stop()).code, 0)
  const numbers = Array.from({ length: 90 }, (_, number) => number)
  assert.deepEqual(numbersIn(join(dir, 'access.log')), numbers)
  assert.deepEqual(numbersIn(join(dir, 'out.log')), numbers)
  assert.equal(tree.events('log.trouble').length, 2)
  assert.deepEqual(tree.events('worker.exited'), [])
})

test('with a full disk under its own log the tree serves, reloads and stops', async t => {
  const dir = makeFolder(t)
  symlinkSync('/dev/full', join(dir, 'saola.log'))
  const config = { ...configOf({ listen: 'unix:./app.sock' }), log: { file: './saola.log' } }
  const tree = spawnTree(t, { dir, files, config })
  const target = `unix:${join(dir, 'app.sock')}`
  await until('it serves', () => request(target).then(Boolean, () => false))
  for (let count = 0; count < 5; count++) assert.equal((await request(target)).status, 200)
  assert.equal((await tree.cli('reload', '--wait')).code, 0)
  assert.equal((await request(target)).status, 200)
  tree.signal('SIGTERM')
  assert.deepEqual(await tree.exit, { code: 0, signal: null })
})

const mountTest = 'a disk that has filled up and is emptied again has every line, whole and in order'
testAsRoot(mountTest, fillAndEmpty, ['unshare', '--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'])

async function fillAndEmpty(t: TestContext): Promise<void> {
  const dir = makeFolder(t, () => mount('umount', '--lazy', join(dir, 'disk')))
  const disk = join(dir, 'disk')
  mkdirSync(disk)
  mount('mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk)
  const web = { accessLog: { format: '%(U)s %({padding}i)s', file: './disk/access.log' } }
  const tree = await startTree(t, { dir, files, config: configOf(web) })
  const headers = { padding: 'x'.repeat(paddingBytes) }
  await ask(tree, 0, 50, { headers })
  await tree.waitForEvent('log.trouble', { file: join(disk, 'access.log') })
  await ask(tree, 50, 65, { headers })
  mount('mount', '-o', 'remount,size=4m', disk)
  // By itself, within a second.
  await tree.waitForEvent('log.recovered')
  await ask(tree, 65, 80, { headers })
  assert.equal((await tree.stop()).code, 0)
  assert.deepEqual(
    numbersIn(join(disk, 'access.log')),
    Array.from({ length: 80 }, (_, number) => number),
  )
  assert.equal(tree.events('log.trouble').length, 1)
}

function configOf(web: object): object {
  return {
    name: 'shop',
    apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, accessLog: false, ...web } },
  }
}

function makeFolder(t: TestContext, before = () => {}): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'saola-full-')))
  t.after(() => {
    before()
    rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 20 })
  })
  return dir
}

/** Asks for /N for each number of the range, one after the other. */
async function ask(tree: Tree, from: number, to: number, options: object = {}): Promise<void> {
  for (let number = from; number < to; number++) {
    assert.equal((await request(tree.url, { path: `/${number}`, ...options })).status, 200)
  }
}

function numbersIn(path: string): number[] {
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  const asked = new RegExp(`^(?:asked for )?/(\\d+)(?: x{${paddingBytes}})?$`)
  return lines.map(line => Number(asked.exec(line)?.[1]))
}

function mount(command: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(command, args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}
