/** A script that runs under plain Node runs as it is: what it finds around it, and what becomes of its servers. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type RequestOptions, request } from './support/http-connection.ts'
import { startTree, type Tree, type TreeOptions } from './support/tree.ts'

test('what a script exports beside the server that listens is for others', async t => {
  const app = `import http from 'node:http'
    http.createServer((req, res) => res.end('what listens')).listen(3000)
    export default (req, res) => res.end('what is exported')`
  assert.equal(await bodyOf(await startScript(t, app)), 'what listens')
})

test('a server that is only to find out whether a port is free is not the one that serves', async t => {
  const app = `import http from 'node:http'
    import net from 'node:net'
    const probe = net.createServer().listen(0, () => {
      const { port } = probe.address()
      probe.close(() => http.createServer((req, res) => res.end('port ' + port)).listen(port))
    })`
  const tree = await startScript(t, app)
  assert.equal(await bodyOf(tree), `port ${new URL(tree.url).port}`)
})

test('Fastify listens on both addresses of localhost, and serves', async t => {
  const app = `import { fastify } from 'fastify'
    const app = fastify()
    app.get('/', async () => app.addresses())
    await app.listen({ port: PORT, host: 'localhost' })`
  for (const port of ['0', '3000']) {
    const tree = await startScript(t, app.replace('PORT', port), { packages: ['fastify'] })
    const address = { address: '127.0.0.1', family: 'IPv4', port: Number(new URL(tree.url).port) }
    for (const one of JSON.parse(await bodyOf(tree))) assert.deepEqual(one, address)
    assert.deepEqual(await tree.stop(), { code: 0, signal: null })
  }
})

test('a second server really listens on its own port, in every worker, also while a reload replaces them', async t => {
  const app = `import http from 'node:http'
    import { worker } from 'saola/app'
    http.createServer((req, res) => res.end(worker.name)).listen(3000)
    const metrics = http.createServer((req, res) => res.end('metrics of ' + worker.name))
    metrics.listen(Number(process.env.METRICS_PORT), '127.0.0.1', () => console.log('metrics at', metrics.address().port))`
  const port = await freePort()
  const tree = await startScript(t, app, { args: ['-w', '2'], env: { METRICS_PORT: String(port) } })
  assert.match(await bodyOf(tree), /^web:[01]$/)
  const seen = new Set<string>()
  while (seen.size < 2) seen.add(String((await request(`http://127.0.0.1:${port}`)).body))
  assert.deepEqual([...seen].sort(), ['metrics of web:0', 'metrics of web:1'])
  const reloaded = tree.waitForEvent('reload.done')
  tree.signal('SIGHUP')
  await reloaded
  assert.equal(tree.lines.filter(line => line.includes(`metrics at ${port}`)).length, 4)
})

test('an exclusive server is left alone, though it is the first that listens', async t => {
  const app = `import http from 'node:http'
    const admin = http.createServer((req, res) => res.end('admin'))
    admin.listen({ port: Number(process.env.ADMIN_PORT), host: '127.0.0.1', exclusive: true })
    export default (req, res) => res.end('application')`
  const port = await freePort()
  const tree = await startScript(t, app, { args: ['-w', '1'], env: { ADMIN_PORT: String(port) } })
  assert.equal(await bodyOf(tree), 'application')
  assert.equal(String((await request(`http://127.0.0.1:${port}`)).body), 'admin')
})

test('a worker whose application closes its server is replaced', async t => {
  const app = `import http from 'node:http'
    const server = http.createServer((req, res) => {
      res.end(String(process.pid))
      if (req.url === '/close') server.close(() => console.log('closed'))
    })
    server.listen(3000)`
  const tree = await startScript(t, app, { args: ['-w', '1'] })
  const pid = await bodyOf(tree, { path: '/close' })
  await tree.waitForLine(/"closed"/)
  await tree.waitForEvent('worker.stopped', { pid: Number(pid) })
  const successor = await bodyOf(tree)
  assert.notEqual(successor, pid)
})

test('limits that an application sets on its server hold', async t => {
  const app = `import net from 'node:net'
    const server = net.createServer(socket => server.getConnections((error, count) => socket.write(String(count))))
    server.maxConnections = 1
    server.on('drop', () => console.log('dropped'))
    server.listen(3000)`
  const tree = await startScript(t, app, { args: ['-w', '1'] })
  const port = Number(new URL(tree.url).port)
  const [first, second] = [1, 2].map(() => connect(port, '127.0.0.1').on('error', () => {}))
  t.after(() => first?.destroy())
  assert.ok(first && second)
  await Promise.all([once(first, 'data'), once(second, 'close'), tree.waitForLine(/"dropped"/)])
  assert.equal(second.bytesRead, 0)
})

test('a script finds itself to be the main one', async t => {
  const app = `import http from 'node:http'
    http.createServer((req, res) => res.end(JSON.stringify(process.argv.slice(1)))).listen(3000)
    if (process.argv[1] !== import.meta.filename) throw new Error(process.argv[1])`
  const tree = await startScript(t, app)
  assert.deepEqual(JSON.parse(await bodyOf(tree)), [`${tree.dir}/app.mjs`])
})

test('the messages of an application are its own', async t => {
  const app = `import http from 'node:http'
    const heard = []
    process.on('message', message => heard.push(message))
    process.send({ hello: 'parent' }, error => heard.push(error?.message ?? 'sent'))
    http.createServer((req, res) => res.end(JSON.stringify(heard))).listen(3000)`
  // Two workers are told what their share of the connections is.
  const tree = await startScript(t, app, { args: ['-w', '2'] })
  for (let asked = 0; asked < 10; asked++) assert.equal(await bodyOf(tree), '["sent"]')
  assert.ok((await tree.status()).children.every(child => child.state === 'RUNNING'))
})

function startScript(t: TestContext, app: string, options: TreeOptions = {}): Promise<Tree> {
  return startTree(t, { files: { 'app.mjs': app }, app: './app.mjs', ...options })
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function bodyOf(tree: Tree, options: RequestOptions = {}): Promise<string> {
  return String((await request(tree.url, options)).body)
}
