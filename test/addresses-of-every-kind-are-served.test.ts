import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HttpConnection, request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const files = { 'app.js': 'export default { fetch: () => new Response(String(process.pid)) }' }
// Each with an umask of its own, and what that leaves of the permissions of a socket.
const balances = [
  { balance: 'shared', umask: '022', mode: 0o755 },
  { balance: 'round-robin', umask: '077', mode: 0o700 },
] as const

for (const { balance, umask, mode } of balances) {
  test(`an address of every kind is served at once, and survives reloads (${balance})`, async t => {
    const passed = await Promise.all([passSocket(t), passSocket(t), passSocket(t), passSocket(t)])
    const listen = ['127.0.0.1:0', '[::1]:0', 'unix:./app.sock', ':0', 'fd://3', 'systemd:http', 'systemd:admin']
    const tree = await startTree(t, {
      files,
      config: { ...configOf({ listen, balance }), umask },
      // As systemd does: the sockets from 3 on, and their names in the environment of exactly this process.
      fds: passed.map(({ fd }) => fd),
      env: { LISTEN_FDS: '4', LISTEN_FDNAMES: 'plain:http:admin:http' },
      wrapper: ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh'],
    })
    for (const { close } of passed) close()
    const [four = '', six = '', path, every = '', third, named] = tree.listen
    const socket = join(tree.dir, 'app.sock')
    assert.match(four, /^127\.0\.0\.1:\d+$/)
    assert.match(six, /^\[::1\]:\d+$/)
    assert.equal(path, `unix:${socket}`)
    assert.equal(statSync(socket).mode & 0o777, mode)
    const port = /:(\d+)$/.exec(every)?.[1]
    assert.deepEqual([third, named], ['fd://3', 'systemd:http'])
    const targets = [
      ...[four, six, `127.0.0.1:${port}`, `[::1]:${port}`].map(address => `http://${address}`),
      `unix:${socket}`,
      ...passed.map(({ port }) => `http://127.0.0.1:${port}`),
    ]
    const before = await servedBy(targets)
    await reload(tree)
    await reload(tree)
    const after = await servedBy(targets)
    assert.equal(new Set([...before, ...after]).size, 2)
    assert.equal((await tree.stop()).code, 0)
    assert.ok(!existsSync(socket))
  })

  test(`a reload takes new addresses and gives old ones back, without a descriptor left over (${balance})`, async t => {
    const tree = await startTree(t, {
      files,
      config: configOf({ listen: ['127.0.0.1:0', 'unix:./old.sock'], balance }),
    })
    const { url } = tree
    let descriptors = 0
    for (let round = 0; round < 2; round++) {
      configure(tree, { listen: ['127.0.0.1:0', 'unix:./new.sock'], balance })
      await reload(tree)
      assert.equal((await request(`unix:${tree.dir}/new.sock`)).status, 200)
      await assertClosed(tree, 'old.sock')
      configure(tree, { listen: ['127.0.0.1:0', 'unix:./old.sock'], balance })
      await reload(tree)
      assert.equal((await request(`unix:${tree.dir}/old.sock`)).status, 200)
      assert.equal((await request(url)).status, 200)
      await assertClosed(tree, 'new.sock')
      await until('old workers are gone', async () =>
        (await tree.status()).children.every(child => child.state === 'RUNNING'),
      )
      const most = descriptors
      if (most) await until('no descriptor is left over', () => openDescriptors(tree) <= most)
      else descriptors = openDescriptors(tree)
    }
  })

  test(`an application that a reload removes gives its address back, also to whoever waits there (${balance})`, async t => {
    const listen = 'unix:./gone.sock'
    const tree = await startTree(t, { files, config: twoApps({ listen, balance, maxConnections: 1 }) })
    const path = join(tree.dir, 'gone.sock')
    const holder = await HttpConnection.open(`unix:${path}`)
    t.after(() => holder.close())
    const waiting = assert.rejects(request(`unix:${path}`))
    writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(configOf({ listen: '127.0.0.1:0' })))
    await reload(tree)
    await assertClosed(tree, 'gone.sock')
    await waiting
    // And takes it again when a later one brings it back.
    writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(twoApps({ listen, balance })))
    await reload(tree)
    assert.equal((await request(`unix:${path}`)).status, 200)
  })
}

test('a reload to an address that cannot be had is refused, and changes nothing', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  t.after(() => taken.close())
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const tree = await startTree(t, { files, config: configOf({ listen: '127.0.0.1:0' }) })
  const pid = await servedBy([tree.url])
  configure(tree, { listen: ['unix:./new.sock', `127.0.0.1:${port}`] })
  tree.signal('SIGHUP')
  const refused = await tree.waitForEvent('reload.refused')
  assert.match(String(refused.error), new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port} \\(it is in use\\.`))
  assert.deepEqual(await servedBy([tree.url]), pid)
  assert.ok(!existsSync(join(tree.dir, 'new.sock')))
  assert.deepEqual((await tree.status()).apps[0]?.listen, tree.listen)
  assert.equal((await tree.status()).lastReload?.ok, false)
})

function configOf(web: object): object {
  return { name: 'shop', apps: { web: { app: './app.js', workers: 1, accessLog: false, ...web } } }
}

function twoApps(gone: object): object {
  const app = { app: './app.js', workers: 1, accessLog: false }
  return { name: 'shop', apps: { web: { ...app, listen: '127.0.0.1:0' }, gone: { ...app, ...gone } } }
}

function configure(tree: Tree, web: object): void {
  writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify(configOf(web)))
}

/** The process that answers at each of these. */
async function servedBy(targets: readonly string[]): Promise<string[]> {
  return Promise.all(
    targets.map(async target => {
      const { status, body } = await request(target)
      assert.equal(status, 200, target)
      return String(body)
    }),
  )
}

async function reload(tree: Tree): Promise<void> {
  const done = tree.waitForEvent('reload.done', {}, { since: tree.lines.length })
  tree.signal('SIGHUP')
  await done
}

async function assertClosed(tree: Tree, name: string): Promise<void> {
  await until(`${name} is closed`, () => !existsSync(join(tree.dir, name)))
  await assert.rejects(request(`unix:${join(tree.dir, name)}`))
}

function openDescriptors(tree: Tree): number {
  return readdirSync(`/proc/${tree.pid}/fd`).length
}

interface PassedSocket {
  readonly fd: number
  readonly port: number
  /** Closes the copy of this process, once the tree has its own: else this process would accept, too. */
  close(): void
}

async function passSocket(t: TestContext): Promise<PassedSocket> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const { fd } = (server as Server & { _handle: { fd: number } })._handle
  return { fd, port: (server.address() as AddressInfo).port, close: () => server.close() }
}
