/** `saola/app`, readiness, and what an application does at its end. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'
import { certificate } from './support/certificate.ts'
import { request } from './support/http-connection.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'

const listener = `(req, res) => {
  console.log('asked for', req.url)
  if (req.url === '/slow') setTimeout(() => res.end('slow'), 500)
  else res.end('served')
}`

test('a worker is ready when what it gave to ready() has happened', async t => {
  const tree = await startApp(
    t,
    `import { ready } from 'saola/app'
     ready(new Promise(resolve => setTimeout(() => { console.log('connected'); resolve() }, 100)))
     ready({ then: resolve => setTimeout(() => { console.log('warm'); resolve() }, 200) })
     export default ${listener}`,
  )
  assert.deepEqual(eventsOf(tree, ['connected', 'warm', 'worker.ready']), ['connected', 'warm', 'worker.ready'])
})

test('a promise given to ready() that is rejected ends the start, though the application never listens', async t => {
  const tree = spawnTree(t, {
    files: {
      'app.mjs': `import { ready } from 'saola/app'
        ready(Promise.reject(new Error('no database')))
        setInterval(() => {}, 1_000)`,
    },
    app: './app.mjs',
  })
  assert.equal((await tree.exit).code, 1)
  assert.equal((await tree.waitForEvent('worker.boot-failed')).error, 'no database')
})

test('with ready.signal a worker is ready when the application says so', async t => {
  const app = `import { ready } from 'saola/app'
    setTimeout(() => { console.log('now'); ready() }, 200)
    export default ${listener}`
  const tree = await startApp(t, app, { ready: { signal: true } })
  assert.deepEqual(eventsOf(tree, ['now', 'worker.ready']), ['now', 'worker.ready'])
})

test('with ready.path a worker is ready when that path is answered, over TLS, too', async t => {
  const answer = `(req, res) => {
    console.log('asked for', req.url)
    res.writeHead(++asked < 2 ? 503 : 204).end()
  }`
  const plain = `let asked = 0\nexport default ${answer}`
  const secure = `import https from 'node:https'
    let asked = 0
    https.createServer(${JSON.stringify(certificate)}, ${answer}).listen(3443)`
  for (const app of [plain, secure]) {
    const tree = await startApp(t, app, { ready: { path: '/healthz', status: 204 }, accessLog: { format: 'combined' } })
    const asked = 'asked for /healthz'
    assert.deepEqual(eventsOf(tree, [asked, 'worker.ready']), [asked, asked, 'worker.ready'])
    assert.equal(tree.lines.filter(line => line.includes('saola-ready')).length, 0)
    assert.equal((await tree.status()).children[0]?.requests, 0)
  }
})

test('an application knows which worker it is, and of which generation', async t => {
  const app = `import { worker } from 'saola/app'
    export default (req, res) => res.end(JSON.stringify({ ...worker }))`
  const tree = await startApp(t, app)
  const asked = async () => JSON.parse(String((await request(tree.url)).body))
  assert.deepEqual(await asked(), { id: 0, name: 'web:0', generation: 1 })
  const reloaded = tree.waitForEvent('reload.done')
  tree.signal('SIGHUP')
  await reloaded
  assert.deepEqual(await asked(), { id: 0, name: 'web:0', generation: 2 })
})

test('shutdown hooks run one after the other after the last answer, the last registered first', async t => {
  const app = `import { onShutdown } from 'saola/app'
    import { setTimeout as pause } from 'node:timers/promises'
    onShutdown(() => console.log('first registered'))
    onShutdown(() => { throw new Error('a broken hook') })
    onShutdown(async () => { await pause(50); console.log('last registered') })
    process.on('SIGTERM', () => { console.log('SIGTERM'); process.exit(7) })
    export default ${listener}`
  const tree = await startApp(t, app)
  const answer = request(tree.url, { path: '/slow' })
  await tree.waitForLine(/asked for \/slow/)
  const exit = tree.stop()
  assert.equal(String((await answer).body), 'slow')
  assert.deepEqual(await exit, { code: 0, signal: null })
  const wanted = ['last registered', 'first registered', 'SIGTERM']
  assert.deepEqual(eventsOf(tree, wanted), wanted)
  await tree.waitForLine(/An onShutdown hook failed: Error: a broken hook/)
  assert.equal((await tree.waitForEvent('worker.stopped')).code, 7)
})

/** What an application that knows nothing of Saola does on a signal; each of them ends in its own way. */
const endings = {
  'closes its database and exits': `process.on('SIGTERM', async () => { await close(); process.exit() })`,
  'closes its server and its database': `process.once('SIGTERM', () => server.close(async () => { await close() }))`,
  'waits for SIGINT, as under PM2': `process.on('SIGINT', async () => { await close(); process.exit() })`,
}

for (const [what, onSignal] of Object.entries(endings)) {
  test(`an application that ${what} does so after its last answer`, async t => {
    const app = `import http from 'node:http'
      const database = setInterval(() => {}, 1_000)
      const close = () => new Promise(resolve => setTimeout(() => {
        clearInterval(database)
        console.log('database closed')
        resolve()
      }, 50))
      const server = http.createServer(${listener}).listen(3000)
      ${onSignal}`
    const tree = await startApp(t, app)
    const answer = request(tree.url, { path: '/slow' })
    await tree.waitForLine(/asked for \/slow/)
    const exit = tree.stop()
    assert.equal(String((await answer).body), 'slow')
    assert.deepEqual(await exit, { code: 0, signal: null })
    assert.deepEqual(eventsOf(tree, ['database closed', 'worker.stopped']), ['database closed', 'worker.stopped'])
  })
}

test('a service that does not speak HTTP ends its connections itself', async t => {
  const app = `import net from 'node:net'
    const sockets = new Set()
    const server = net.createServer(socket => { sockets.add(socket); console.log('connected') })
    server.listen(3000)
    process.once('SIGTERM', () => { for (const socket of sockets) socket.end('goodbye') })`
  const tree = await startApp(t, app)
  const socket = connect(Number(new URL(tree.url).port), '127.0.0.1')
  t.after(() => socket.destroy())
  await tree.waitForLine(/"connected"/)
  const exit = tree.stop()
  assert.equal(String((await once(socket, 'data'))[0]), 'goodbye')
  assert.deepEqual(await exit, { code: 0, signal: null })
})

test('outside of Saola an application runs as if saola/app were not there', async t => {
  const app = `import http from 'node:http'
    import { onShutdown, ready, worker } from 'saola/app'
    ready()
    ready(Promise.resolve())
    onShutdown(() => console.log('never'))
    const server = http.createServer((req, res) => res.end(JSON.stringify({ ...worker })))
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  // Only for its folder: there the package is at hand.
  const { dir } = await startApp(t, app)
  const child = spawn(process.execPath, [join(dir, 'app.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { body } = await request(`http://127.0.0.1:${port}`)
  assert.deepEqual(JSON.parse(String(body)), { id: 0, name: '', generation: 0 })
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM'])
})

function startApp(t: TestContext, app: string, web: object = {}): Promise<Tree> {
  const config = { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, ...web } } }
  return startTree(t, { files: { 'app.mjs': app }, config })
}

/** Those of the wanted texts that the tree has printed, as a message or an event, in this order. */
function eventsOf(tree: Tree, wanted: readonly string[]): string[] {
  return tree.lines.flatMap(line => wanted.find(text => line.includes(`"${text}"`)) ?? [])
}
