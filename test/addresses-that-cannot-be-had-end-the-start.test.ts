import assert from 'node:assert/strict'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { parseAddress } from '../src/base/address.ts'
import { openSockets } from '../src/supervisor/sockets.ts'
import { freePort } from './support/free-port.ts'
import { request } from './support/http-connection.ts'
import { asNobody, isRoot, nobody, openProgram } from './support/nobody.ts'
import { spawnTree, startTree, type Tree, type TreeOptions } from './support/tree.ts'

const files = { 'app.js': 'export default { fetch: () => new Response("mine") }' }

test('a port in use is named, and nothing is left of the start', async t => {
  const server = await listen(t, { port: 0, host: '127.0.0.1' })
  const { port } = server.address() as AddressInfo
  // The first of the addresses was had, and must be given back.
  const tree = await failToStart(t, { config: configOf(['unix:./first.sock', `127.0.0.1:${port}`]) })
  assert.deepEqual(complaints(tree), [
    `saola: Cannot listen on 127.0.0.1:${port} (it is in use. Stop what listens there, or choose another port).   [ERR_ADDRESS_UNAVAILABLE]`,
  ])
})

test('a port that only root may have is named with what to do', async t => {
  const port = Number(readFileSync('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'latin1')) - 1
  if (port < 1) {
    console.error('Not tested: on this machine everybody may listen on every port.')
    return
  }
  const config = configOf([`127.0.0.1:${port}`])
  const tree = await failToStart(t, {
    config,
    wrapper: asNobody,
    ...(isRoot ? { owner: nobody } : {}),
    ...openProgram(t),
  })
  assert.deepEqual(complaints(tree), [
    `saola: Cannot listen on 127.0.0.1:${port} (permission denied. Use a port above 1023, or grant cap_net_bind_service).   [ERR_ADDRESS_UNAVAILABLE]`,
  ])
})

test('a socket path that a dead server left is taken over', async t => {
  const dead = await startTree(t, { files, config: configOf(['unix:./app.sock']) })
  dead.signal('SIGKILL')
  await dead.exit
  assert.ok(existsSync(join(dead.dir, 'app.sock')))
  const tree = await startTree(t, { dir: dead.dir, config: configOf(['unix:./app.sock']) })
  assert.equal(String((await request(`unix:${tree.dir}/app.sock`)).body), 'mine')
})

test('what stands at a socket path and is no socket is never removed', async t => {
  const config = configOf(['unix:./app.sock'])
  const file = await failToStart(t, { files: { ...files, 'app.sock': 'precious', 'folder.sock/precious': '' }, config })
  assert.match(
    complaints(file)[0] ?? '',
    /app\.sock \(a file that is no socket is there\)\. {3}\[ERR_ADDRESS_UNAVAILABLE\]$/,
  )
  assert.equal(readFileSync(join(file.dir, 'app.sock'), 'utf8'), 'precious')

  await refuse(`unix:${join(file.dir, 'folder.sock')}`, /a file that is no socket is there/)
  assert.ok(existsSync(join(file.dir, 'folder.sock/precious')))
})

test('every other reason is named, too', async t => {
  const server = await listen(t, { port: 0, host: '0.0.0.0' })
  const { port } = server.address() as AddressInfo
  await refuse(`:${port}`, new RegExp(`^Cannot listen on :${port} \\(it is in use\\.`))
  await refuse('192.0.2.1:8000', /192\.0\.2\.1:8000 \(no interface of this machine has this address\)/)
  await refuse('unix:./nowhere/app.sock', /nowhere\/app\.sock \(the folder does not exist\)/)
  await refuse(`unix:./${'long'.repeat(30)}`, /Cannot listen on unix:.*longlong \(the path is longer than \d+ bytes/)
  await refuse('fd://77777', /Cannot listen on fd:\/\/77777 \(.*EBADF/)
  const fd = openSync(import.meta.filename, 'r')
  t.after(() => closeSync(fd))
  await refuse(`fd://${fd}`, /Cannot listen on fd:\/\/\d+ \(it is no socket\)/)
  await refuse(
    'systemd:http',
    /Cannot listen on systemd:http \(systemd passed no socket to this process\)\. .*FileDescriptorName=http/,
    'ERR_SYSTEMD_FD_MISSING',
  )
})

test('beside a tree that serves', async t => {
  const first = await startTree(t, { files, config: configOf(['127.0.0.1:0', 'unix:./other.sock'], { name: 'shop' }) })
  const path = join(first.dir, 'other.sock')

  await t.test('the path of its socket is refused to others', async t => {
    const tree = await failToStart(t, { config: configOf([`unix:${path}`]) })
    assert.deepEqual(complaints(tree), [
      `saola: Cannot listen on unix:${path} (a live server holds it. Stop it first).   [ERR_ADDRESS_UNAVAILABLE]`,
    ])
  })

  await t.test('a second one of the same name in its folder is refused', async t => {
    const second = spawnTree(t, { dir: first.dir, config: configOf(['127.0.0.1:0'], { name: 'shop' }) })
    assert.deepEqual(await second.exit, { code: 1, signal: null })
    assert.match(
      complaints(second)[0] ?? '',
      /A tree runs already: it answers on .*control\.sock\. .*\[ERR_ALREADY_RUNNING\]$/,
    )
    assert.equal((await first.status()).pid, first.pid)
    assert.deepEqual(second.processIds(), [])
  })

  await t.test('one of another name in its folder serves, too', async t => {
    const second = await startTree(t, { dir: first.dir, config: configOf(['127.0.0.1:0'], { name: 'store' }) })
    assert.equal(String((await request(second.url)).body), 'mine')
    assert.equal((await second.stop()).code, 0)
  })

  for (const target of [first.url, `unix:${path}`]) assert.equal(String((await request(target)).body), 'mine')
})

for (const balance of ['shared', 'round-robin'] as const) {
  test(`of two trees that race for a port, one serves and the other one ends with the reason (${balance})`, async t => {
    // Both have bound it, which the system allows while nobody listens; the first one's application takes its time.
    const slow = { 'app.js': `${waitForFile}\n${files['app.js']}` }
    const config = configOf([`127.0.0.1:${await freePort()}`], {}, { balance })
    const late = spawnTree(t, { files: slow, config })
    await late.waitForEvent('tree.starting')
    const quick = await startTree(t, { files, config })
    writeFileSync(join(late.dir, 'go'), '')
    assert.deepEqual(await late.exit, { code: 1, signal: null })
    const [failure] = [...late.events('worker.boot-failed'), ...late.events('listen.failed')]
    assert.match(String(failure?.error), /^Cannot listen on 127\.0\.0\.1:\d+ \(it is in use\./)
    assert.deepEqual(late.processIds(), [])
    assert.equal(String((await request(quick.url)).body), 'mine')
  })
}

const waitForFile = `
import { existsSync } from 'node:fs'
while (!existsSync('go')) await new Promise(resolve => setTimeout(resolve, 20))
`

function configOf(listen: readonly string[], more: object = {}, web: object = {}): object {
  return { apps: { web: { app: './app.js', listen, workers: 1, accessLog: false, ...web } }, ...more }
}

/** Starts a tree that must end with code 1 and leave nothing: no process, no socket of its own. */
async function failToStart(t: TestContext, options: TreeOptions): Promise<Tree> {
  const tree = spawnTree(t, { files, ...options })
  assert.deepEqual(await tree.exit, { code: 1, signal: null })
  assert.deepEqual(tree.processIds(), [])
  assert.ok(!existsSync(join(tree.dir, 'first.sock')))
  assert.ok(!existsSync(join(tree.dir, '.saola', 'app', 'control.sock')))
  return tree
}

/** What the start of a tree does first: nothing is left of it, and the start ends with what it has thrown. */
async function refuse(address: string, message: RegExp, code = 'ERR_ADDRESS_UNAVAILABLE'): Promise<void> {
  await assert.rejects(openSockets(parseAddress(address)), { code, message })
}

/** What it has said to people: neither warnings nor events. */
function complaints(tree: Tree): string[] {
  return tree.lines.filter(line => !line.startsWith('{'))
}

async function listen(t: TestContext, options: { port: number; host: string }): Promise<Server> {
  const server = createServer().listen(options)
  t.after(() => server.close())
  await once(server, 'listening')
  return server
}
