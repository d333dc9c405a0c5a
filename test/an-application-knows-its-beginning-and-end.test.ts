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
import { makeProject } from './support/saola-command.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'

const listener = `(req, res) => {
  console.log('asked for', req.url)
  if (req.url === '/slow') setTimeout(() => res.end('slow'), 500)
  else res.end('served')
}`

const answerLate = `(req, res) => {
  console.log('asked for', req.url)
  res.writeHead(++asked < 2 ? 503 : 204).end()
}`
const readyPath = { ready: { path: '/healthz', status: 204 }, accessLog: { format: 'combined' } }

/** Applications, the options of each, and what must be told of it in this order. */
const beginnings: Readonly<Record<string, { readonly app: string; readonly web?: object; readonly told: string[] }>> = {
  'what it gave to ready() has happened': {
    app: `import { ready } from 'saola/app'
      ready(new Promise(resolve => setTimeout(() => { console.log('connected'); resolve() }, 100)))
      ready({ then: resolve => setTimeout(() => { console.log('warm'); resolve() }, 200) })
      export default ${listener}`,
    told: ['connected', 'warm', 'worker.ready'],
  },
  'the application says so, with ready.signal': {
    app: `import { ready } from 'saola/app'
      setTimeout(() => { console.log('now'); ready() }, 200)
      export default ${listener}`,
    web: { ready: { signal: true } },
    told: ['now', 'worker.ready'],
  },
  'ready.path is answered': {
    app: `let asked = 0\nexport default ${answerLate}`,
    web: readyPath,
    told: ['asked for /healthz', 'asked for /healthz', 'worker.ready'],
  },
  'ready.path is answered over TLS': {
    app: `import https from 'node:https'
      let asked = 0
      https.createServer(${JSON.stringify(certificate)}, ${answerLate}).listen(3443)`,
    web: readyPath,
    told: ['asked for /healthz', 'asked for /healthz', 'worker.ready'],
  },
}

test('a worker is ready when', async t => {
  const tree = await startApps(t, Object.values(beginnings))
  const { children } = await tree.status()
  for (const [index, [what, { told }]] of Object.entries(beginnings).entries()) {
    await t.test(what, () => {
      assert.deepEqual(eventsOf(tree, told, `app${index}:0`), told)
      assert.equal(children.find(child => child.name === `app${index}:0`)?.requests, 0)
    })
  }
  assert.equal(tree.lines.filter(line => line.includes('saola-ready')).length, 0)
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

test('an application knows which worker it is, and of which generation', async t => {
  const app = `import { worker } from 'saola/app'
    export default (req, res) => res.end(JSON.stringify({ ...worker }))`
  const tree = await startApps(t, [{ app }])
  const asked = async () => JSON.parse(String((await request(tree.url)).body))
  assert.deepEqual(await asked(), { id: 0, name: 'app0:0', generation: 1 })
  const reloaded = tree.waitForEvent('reload.done')
  tree.signal('SIGHUP')
  await reloaded
  assert.deepEqual(await asked(), { id: 0, name: 'app0:0', generation: 2 })
})

/** What an application does on a signal, of those that know nothing of Saola, and of one that does; each ends in its own way. */
const endings: Readonly<Record<string, { readonly app: string; readonly told: string[] }>> = {
  'runs its hooks, the last registered first': {
    app: `import { onShutdown } from 'saola/app'
      import { setTimeout as pause } from 'node:timers/promises'
      onShutdown(() => console.log('first registered'))
      onShutdown(() => { throw new Error('a broken hook') })
      onShutdown(async () => { await pause(50); console.log('last registered') })
      process.on('SIGTERM', () => { console.log('SIGTERM'); process.exit(7) })
      export default ${listener}`,
    told: ['last registered', 'first registered', 'SIGTERM'],
  },
  'closes its database and exits': withDatabase(`process.on('SIGTERM', async () => { await close(); process.exit() })`),
  'closes its server and its database': withDatabase(
    `process.once('SIGTERM', () => server.close(async () => { await close() }))`,
  ),
  'waits for SIGINT, as under PM2': withDatabase(`process.on('SIGINT', async () => { await close(); process.exit() })`),
}

function withDatabase(onSignal: string) {
  const app = `import http from 'node:http'
    const database = setInterval(() => {}, 1_000)
    const close = () => new Promise(resolve => setTimeout(() => {
      clearInterval(database)
      console.log('database closed')
      resolve()
    }, 50))
    const server = http.createServer(${listener}).listen(3000)
    ${onSignal}`
  return { app, told: ['database closed', 'worker.stopped'] }
}

const service = `import net from 'node:net'
  const sockets = new Set()
  const server = net.createServer(socket => { sockets.add(socket); console.log('connected') })
  server.listen(3000)
  process.once('SIGTERM', () => { for (const socket of sockets) socket.end('goodbye') })`

test('at its end, after its last answer, an application', async t => {
  const tree = await startApps(t, [...Object.values(endings), { app: service }])
  const listening = new Map((await tree.status()).apps.map(({ name, listen }) => [name, `http://${listen[0]}`]))
  const urls = Object.keys(endings).map((_, index) => listening.get(`app${index}`) ?? '')
  const answers = urls.map(url => request(url, { path: '/slow' }))
  for (const index of urls.keys())
    await tree.waitForLine(line => line.includes('asked for /slow') && isOf(line, `app${index}:0`))
  // It does not speak HTTP, and ends its connections itself.
  const socket = connect(Number(new URL(listening.get(`app${urls.length}`) ?? '').port), '127.0.0.1')
  t.after(() => socket.destroy())
  await tree.waitForLine(/"connected"/)
  const goodbye = once(socket, 'data')
  const exit = tree.stop()
  const bodies = (await Promise.all(answers)).map(({ body }) => String(body))
  assert.equal(String((await goodbye)[0]), 'goodbye')
  assert.deepEqual(await exit, { code: 0, signal: null })
  for (const [index, [what, { told }]] of Object.entries(endings).entries()) {
    await t.test(what, () => {
      assert.equal(bodies[index], 'slow')
      assert.deepEqual(eventsOf(tree, told, `app${index}:0`), told)
    })
  }
  await tree.waitForLine(/An onShutdown hook failed: Error: a broken hook/)
  assert.equal((await tree.waitForEvent('worker.stopped', { name: 'app0:0' })).code, 7)
})

test('outside of Saola an application runs as if saola/app were not there', async t => {
  const app = `import http from 'node:http'
    import { onShutdown, ready, worker } from 'saola/app'
    ready()
    ready(Promise.resolve())
    onShutdown(() => console.log('never'))
    const server = http.createServer((req, res) => res.end(JSON.stringify({ ...worker })))
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
  const dir = makeProject(t, { files: { 'app.mjs': app } })
  const child = spawn(process.execPath, [join(dir, 'app.mjs')], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [port] = (await once(createInterface(child.stdout), 'line')) as [string]
  const { body } = await request(`http://127.0.0.1:${port}`)
  assert.deepEqual(JSON.parse(String(body)), { id: 0, name: '', generation: 0 })
  child.kill('SIGTERM')
  assert.deepEqual(await once(child, 'exit'), [null, 'SIGTERM'])
})

interface App {
  readonly app: string
  readonly web?: object
}

/** One tree with all of them: `app0`, `app1`, … */
function startApps(t: TestContext, all: readonly App[]): Promise<Tree> {
  const files = Object.fromEntries(all.map(({ app }, index) => [`app${index}.mjs`, app]))
  const apps = all.map(({ web }, index) => [`app${index}`, { app: `./app${index}.mjs`, listen: '127.0.0.1:0', ...web }])
  return startTree(t, { files, config: { apps: Object.fromEntries(apps) } })
}

/** Those of the wanted texts that the tree has printed of this worker, as a message or an event, in this order. */
function eventsOf(tree: Tree, wanted: readonly string[], worker: string): string[] {
  return tree.lines.flatMap(line => (isOf(line, worker) && wanted.find(text => line.includes(`"${text}"`))) || [])
}

function isOf(line: string, worker: string): boolean {
  return line.includes(`"${worker}"`)
}
