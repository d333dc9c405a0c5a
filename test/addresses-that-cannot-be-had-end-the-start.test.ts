import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
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

test('a port of every interface is in use when one interface has it', async t => {
  const server = await listen(t, { port: 0, host: '0.0.0.0' })
  const { port } = server.address() as AddressInfo
  const tree = await failToStart(t, { config: configOf([`:${port}`]) })
  assert.match(complaints(tree)[0] ?? '', new RegExp(`^saola: Cannot listen on :${port} \\(it is in use\\.`))
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

test('an address of another machine is named', async t => {
  const tree = await failToStart(t, { config: configOf(['192.0.2.1:8000']) })
  assert.match(complaints(tree)[0] ?? '', /192\.0\.2\.1:8000 \(no interface of this machine has this address\)/)
})

test('a socket path that a live server holds is refused, and that server keeps it', async t => {
  const other = await startTree(t, { files, config: configOf(['unix:./other.sock']) })
  const path = join(other.dir, 'other.sock')
  const tree = await failToStart(t, { config: configOf([`unix:${path}`]) })
  assert.deepEqual(complaints(tree), [
    `saola: Cannot listen on unix:${path} (a live server holds it. Stop it first).   [ERR_ADDRESS_UNAVAILABLE]`,
  ])
  assert.equal((await request(`unix:${path}`)).status, 200)
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
  const file = await failToStart(t, { files: { ...files, 'app.sock': 'precious' }, config })
  assert.match(
    complaints(file)[0] ?? '',
    /app\.sock \(a file that is no socket is there\)\. {3}\[ERR_ADDRESS_UNAVAILABLE\]$/,
  )
  assert.equal(readFileSync(join(file.dir, 'app.sock'), 'utf8'), 'precious')

  const folder = await failToStart(t, { files: { ...files, 'app.sock/precious': '' }, config })
  assert.match(complaints(folder)[0] ?? '', /a file that is no socket is there/)
  assert.ok(existsSync(join(folder.dir, 'app.sock/precious')))
})

test('a socket path in a folder that does not exist, and one that is too long, are named', async t => {
  const missing = await failToStart(t, { config: configOf(['unix:./nowhere/app.sock']) })
  assert.match(complaints(missing)[0] ?? '', /nowhere\/app\.sock \(the folder does not exist\)/)
  const long = await failToStart(t, { config: configOf([`unix:./${'long'.repeat(30)}`]) })
  assert.match(complaints(long)[0] ?? '', /Cannot listen on unix:.*longlong \(the path is longer than \d+ bytes/)
})

test('a descriptor that is no socket, and a socket that systemd did not pass, are named', async t => {
  const none = await failToStart(t, { config: configOf(['fd://77']) })
  assert.match(complaints(none)[0] ?? '', /Cannot listen on fd:\/\/77 \(.*EBADF/)
  const file = await failToStart(t, { config: configOf(['fd://0']) })
  assert.match(complaints(file)[0] ?? '', /Cannot listen on fd:\/\/0 \(it is no socket\)/)
  const systemd = await failToStart(t, { config: configOf(['systemd:http']) })
  assert.match(
    complaints(systemd)[0] ?? '',
    /Cannot listen on systemd:http \(systemd passed no socket to this process\)\. .*FileDescriptorName=http.*\[ERR_SYSTEMD_FD_MISSING\]$/,
  )
})

test('a second tree of the same name in one folder is refused, and the first serves on', async t => {
  const first = await startTree(t, { files, config: configOf(['127.0.0.1:0'], { name: 'shop' }) })
  const second = spawnTree(t, { dir: first.dir, config: configOf(['127.0.0.1:0'], { name: 'shop' }) })
  assert.deepEqual(await second.exit, { code: 1, signal: null })
  assert.match(
    complaints(second)[0] ?? '',
    /A tree runs already: it answers on .*control\.sock\. .*\[ERR_ALREADY_RUNNING\]$/,
  )
  assert.equal(String((await request(first.url)).body), 'mine')
  assert.equal((await first.status()).pid, first.pid)
  assert.deepEqual(second.processIds(), [])
})

test('two trees of different names in one folder do not disturb each other', async t => {
  const first = await startTree(t, { files, config: configOf(['127.0.0.1:0'], { name: 'shop' }) })
  const second = await startTree(t, { dir: first.dir, config: configOf(['127.0.0.1:0'], { name: 'store' }) })
  assert.equal((await second.stop()).code, 0)
  assert.equal(String((await request(first.url)).body), 'mine')
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
