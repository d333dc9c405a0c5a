/** A script that runs under plain Node runs as it is: what it finds around it, and what becomes of its servers. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { freePort } from './support/free-port.ts'
import { type RequestOptions, request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { until } from './support/until.ts'

const scripts = {
  'what-listens': `import http from 'node:http'
    http.createServer((req, res) => res.end('what listens')).listen(3000)
    export default (req, res) => res.end('what is exported')`,
  probe: `import http from 'node:http'
    import net from 'node:net'
    const probe = net.createServer().listen(0, () => {
      const { port } = probe.address()
      probe.close(() => http.createServer((req, res) => res.end('port ' + port)).listen(port))
    })`,
  'fastify-0': fastify(0),
  'fastify-3000': fastify(3000),
  exclusive: `import http from 'node:http'
    const admin = http.createServer((req, res) => res.end('admin'))
    admin.listen({ port: 0, host: '127.0.0.1', exclusive: true }, () => console.log('admin at', admin.address().port))
    export default (req, res) => res.end('application')`,
  closing: `import http from 'node:http'
    const server = http.createServer((req, res) => {
      res.end(String(process.pid))
      if (req.url === '/close') server.close(() => console.log('closed'))
    })
    server.listen(3000)`,
  limited: `import net from 'node:net'
    const server = net.createServer(socket => server.getConnections((error, count) => socket.write(String(count))))
    server.maxConnections = 1
    server.on('drop', () => console.log('dropped'))
    server.listen(3000)`,
  main: `import http from 'node:http'
    http.createServer((req, res) => res.end(JSON.stringify(process.argv.slice(1)))).listen(3000)
    if (process.argv[1] !== import.meta.filename) throw new Error(process.argv[1])`,
  messages: `import http from 'node:http'
    const heard = []
    process.on('message', message => heard.push(message))
    process.send({ hello: 'parent' }, error => heard.push(error?.message ?? 'sent'))
    http.createServer((req, res) => res.end(JSON.stringify(heard))).listen(3000)`,
}

function fastify(port: number): string {
  return `import { fastify } from 'fastify'
    const app = fastify()
    app.get('/', async () => app.addresses())
    await app.listen({ port: ${port}, host: 'localhost' })`
}

type Script = keyof typeof scripts

test('a script runs under Saola as it is', async t => {
  const files = Object.fromEntries(Object.entries(scripts).map(([name, text]) => [`${name}.mjs`, text]))
  const apps = Object.keys(scripts).map(name => {
    // Two workers are told what their share of the connections is.
    const workers = name === 'messages' ? 2 : 1
    return [name, { app: `./${name}.mjs`, listen: '127.0.0.1:0', workers, accessLog: false }]
  })
  const tree = await startTree(t, { files, packages: ['fastify'], config: { apps: Object.fromEntries(apps) } })
  const listening = new Map((await tree.status()).apps.map(({ name, listen }) => [name, `http://${listen[0]}`]))
  const urlOf = (name: Script) => listening.get(name) ?? assert.fail(`${name} does not listen`)
  const portOf = (name: Script) => Number(new URL(urlOf(name)).port)

  await t.test('what it exports beside the server that listens is for others', async () => {
    assert.equal(await bodyOf(urlOf('what-listens')), 'what listens')
  })

  await t.test('a server that is only to find out whether a port is free is not the one that serves', async () => {
    assert.equal(await bodyOf(urlOf('probe')), `port ${portOf('probe')}`)
  })

  await t.test('Fastify listens on both addresses of localhost, and serves', async () => {
    for (const name of ['fastify-0', 'fastify-3000'] as const) {
      const address = { address: '127.0.0.1', family: 'IPv4', port: portOf(name) }
      for (const one of JSON.parse(await bodyOf(urlOf(name)))) assert.deepEqual(one, address)
    }
  })

  await t.test('an exclusive server is left alone, though it is the first that listens', async () => {
    assert.equal(await bodyOf(urlOf('exclusive')), 'application')
    const [, port] = /admin at (\d+)/.exec(await tree.waitForLine(/admin at \d+/)) ?? []
    assert.equal(await bodyOf(`http://127.0.0.1:${port}`), 'admin')
  })

  await t.test('a worker whose application closes its server is replaced', async () => {
    const pid = await bodyOf(urlOf('closing'), { path: '/close' })
    await tree.waitForLine(/"closed"/)
    await tree.waitForEvent('worker.stopped', { pid: Number(pid) })
    assert.notEqual(await bodyOf(urlOf('closing')), pid)
  })

  await t.test('limits that it sets on its server hold', async t => {
    const [first, second] = [1, 2].map(() => connect(portOf('limited'), '127.0.0.1').on('error', () => {}))
    t.after(() => first?.destroy())
    assert.ok(first && second)
    await Promise.all([once(first, 'data'), once(second, 'close'), tree.waitForLine(/"dropped"/)])
    assert.equal(second.bytesRead, 0)
  })

  await t.test('it finds itself to be the main one', async () => {
    assert.deepEqual(JSON.parse(await bodyOf(urlOf('main'))), [`${tree.dir}/main.mjs`])
  })

  await t.test('its messages are its own', async () => {
    for (let asked = 0; asked < 10; asked++) assert.equal(await bodyOf(urlOf('messages')), '["sent"]')
    assert.ok((await tree.status()).children.every(child => child.state === 'RUNNING'))
  })

  assert.deepEqual(await tree.stop(), { code: 0, signal: null })
})

test('a second server really listens on its own port, in every worker, also while a reload replaces them', async t => {
  const app = `import http from 'node:http'
    import { worker } from 'saola/app'
    http.createServer((req, res) => res.end(worker.name)).listen(3000)
    const metrics = http.createServer((req, res) => res.end('metrics of ' + worker.name))
    metrics.listen(Number(process.env.METRICS_PORT), '127.0.0.1', () => console.log('metrics at', metrics.address().port))`
  const port = await freePort()
  const env = { METRICS_PORT: String(port) }
  const tree = await startTree(t, { files: { 'app.mjs': app }, args: ['-w', '2'], env })
  assert.match(await bodyOf(tree.url), /^web:[01]$/)
  const seen = new Set<string>()
  await until('both have answered', async () => seen.add(await bodyOf(`http://127.0.0.1:${port}`)).size === 2)
  assert.deepEqual([...seen].sort(), ['metrics of web:0', 'metrics of web:1'])
  const reloaded = tree.waitForEvent('reload.done')
  tree.signal('SIGHUP')
  await reloaded
  const told = () => tree.lines.filter(line => line.includes(`metrics at ${port}`)).length
  await until('the new ones listen there, too', () => told() === 4)
})

async function bodyOf(url: string, options: RequestOptions = {}): Promise<string> {
  return String((await request(url, options)).body)
}
