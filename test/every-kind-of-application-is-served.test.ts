/** What may be served, and in which form it may be written. The frameworks are in examples-run.test.ts. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type http from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { certificate } from './support/certificate.ts'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'

const esModule = {
  'export default': `export default (req, res) => res.end('served')`,
  'export default of a promise': `export default Promise.resolve((req, res) => res.end('served'))`,
  'top-level await': `const app = await Promise.resolve((req, res) => res.end('served'))\nexport default app`,
  'import and listen()': `import http from 'node:http'\nhttp.createServer((req, res) => res.end('served')).listen(3000)`,
}

const commonJs = {
  'module.exports': `module.exports = (req, res) => res.end('served')`,
  'module.exports of a promise': `module.exports = Promise.resolve((req, res) => res.end('served'))`,
  'exports.default with __esModule': `Object.defineProperty(exports, '__esModule', { value: true })
    exports.default = (req, res) => res.end('served')`,
  'require and listen()': `require('node:http').createServer((req, res) => res.end('served')).listen(3000)`,
  'listen() of a main script': `const app = (req, res) => res.end('served')
    if (require.main === module) require('node:http').createServer(app).listen(3000)
    else throw new Error('not the main script')`,
}

type Sources = Readonly<Record<string, string>>

const both = { ...esModule, ...commonJs }
// Which of both it is, is found out as for .js, and how it exports does not depend on that.
const oneOfEach = firstOf(esModule, commonJs)

/**
 * By what package.json says, and by the ending. A .js or .ts file may be either, whatever package.json says; the other endings say
 * more than package.json.
 */
const packages: readonly { readonly type?: string; readonly sources: Readonly<Record<string, Sources>> }[] = [
  { type: 'commonjs', sources: { mjs: esModule, mts: typed(esModule), js: both, ts: typed(oneOfEach) } },
  { type: 'module', sources: { cjs: commonJs, cts: typed(commonJs), js: both, ts: typed(oneOfEach) } },
  { sources: { js: both, ts: typed(both) } },
]

function firstOf(...all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  return Object.fromEntries(all.flatMap(sources => Object.entries(sources).slice(0, 1)))
}

function typed(sources: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(sources).map(([name, source]) => [name, `const answer: string = 'typed'\n${source}`])
  return Object.fromEntries(entries)
}

for (const { type, sources } of packages) {
  test(`every file in a package of type ${type ?? '(none)'} is served, however it exports`, async t => {
    const files = Object.entries(sources).flatMap(([ending, texts]) =>
      Object.entries(texts).map(([what, text]) => ({ what: `${what} in a .${ending}`, ending, text })),
    )
    const tree = await startTogether(t, { files, packageJson: JSON.stringify({ type }) })
    for (const [what, target] of await targetsOf(tree, files)) {
      assert.equal(String((await request(target)).body), 'served', what)
    }
  })
}

interface EntryFile {
  readonly what: string
  readonly ending: string
  readonly text: string
}

interface Together {
  readonly files: readonly EntryFile[]
  readonly packageJson?: string
}

/** One tree with one application for each file, each with one worker. */
function startTogether(t: TestContext, { files, packageJson = '{}' }: Together): Promise<Tree> {
  const written = Object.fromEntries(files.map(({ ending, text }, index) => [`app${index}.${ending}`, text]))
  const apps = Object.fromEntries(
    files.map(({ ending }, index) => [`app${index}`, { app: `./app${index}.${ending}`, listen: '127.0.0.1:0' }]),
  )
  return startTree(t, { files: { ...written, 'package.json': packageJson }, config: { apps } })
}

/** Where each of them is served. */
async function targetsOf(tree: Tree, files: readonly EntryFile[]): Promise<[string, string][]> {
  const { apps } = await tree.status()
  return files.map(({ what }, index) => {
    const listen = apps.find(app => app.name === `app${index}`)?.listen[0]
    return [what, `http://${listen}`]
  })
}

const listens = {
  'a port': `.listen(3000)`,
  'a port in an object': `.listen({ port: 3000 })`,
  'a port as text': `.listen('3000')`,
  'a port and a host': `.listen({ port: 3000, host: '::1' })`,
  'a port, a host, a backlog and a callback': `.listen(3000, 'localhost', 511, () => {})`,
  'any port': `.listen()`,
  'a path': `.listen('/run/shop.sock')`,
  'a path in an object': `.listen({ path: '/run/shop.sock' })`,
}

test('a script may listen wherever it likes: it serves where Saola listens', async t => {
  const files = Object.entries(listens).map(([what, listen]) => ({
    what,
    ending: 'mjs',
    text: `import http from 'node:http'
       const told = []
       const server = http.createServer((req, res) => {
         const { address, port } = server.address()
         res.end(JSON.stringify({ told, listening: server.listening, address, port }))
       })
       server.on('listening', () => told.push(server.listening))
       server${listen}
       server.once('listening', () => told.push('again'))`,
  }))
  const tree = await startTogether(t, { files })
  for (const [name, target] of await targetsOf(tree, files)) {
    const said = JSON.parse(String((await request(target)).body))
    const port = Number(new URL(target).port)
    assert.deepEqual(said, { told: [true, 'again'], listening: true, address: '127.0.0.1', port }, name)
  }
})

test('the address of a server on a Unix socket is its path', async t => {
  const app = `import http from 'node:http'
    const server = http.createServer((req, res) => res.end(server.address()))
    server.listen(3000)`
  const tree = await startTree(t, { files: { 'app.ts': app }, args: ['-w', '1', '-b', 'unix:./web.sock'] })
  const path = join(tree.dir, 'web.sock')
  assert.equal(String((await request(`unix:${path}`)).body), path)
})

test('an https server that listens itself is served, and drains what it has in flight', async t => {
  const tree = await startSecure(t, 'https.createServer(certificate, answer)', 'https')
  const { port } = new URL(tree.url)
  const agent = new https.Agent({ keepAlive: true, rejectUnauthorized: false })
  t.after(() => agent.destroy())
  const get = (path: string) => answerOf(https.get({ agent, port, path, host: '127.0.0.1' }))
  const slow = get('/slow')
  await tree.waitForLine(/slow/)
  // On a connection of its own, which is idle then: that it is closed tells that the drain has begun.
  const idle = https.get({ agent, port, path: '/', host: '127.0.0.1' })
  assert.deepEqual(await answerOf(idle), { status: 200, body: 'h1', connection: 'keep-alive' })
  const drained = once(idle.socket ?? assert.fail('There is no socket.'), 'close')
  const exit = tree.stop()
  await drained
  finishSlow(tree)
  assert.deepEqual(await slow, { status: 200, body: 'h1', connection: 'close' })
  assert.deepEqual(await exit, { code: 0, signal: null })
})

const http2Servers = {
  'HTTP/2 without TLS': 'http2.createServer(answer)',
  'HTTP/2': 'http2.createSecureServer(certificate, answer)',
  'HTTP/2, and knows streams only': `http2.createSecureServer(certificate).on('stream', stream => {
     console.log('slow')
     whenFinished(() => stream.end('h2'))
   })`,
}

for (const [protocol, create] of Object.entries(http2Servers)) {
  test(`a server that speaks ${protocol} is served, and ends a session after its last stream`, async t => {
    const tree = await startSecure(t, create, 'http2')
    const scheme = create.includes('Secure') ? 'https' : 'http'
    const session = http2.connect(`${scheme}://127.0.0.1:${new URL(tree.url).port}`, { rejectUnauthorized: false })
    t.after(() => session.destroy())
    const body = text(session.request({ ':path': '/slow' }))
    await tree.waitForLine(/slow/)
    const goneAway = once(session, 'goaway')
    const exit = tree.stop()
    assert.equal((await goneAway)[0], http2.constants.NGHTTP2_NO_ERROR)
    finishSlow(tree)
    assert.equal(await body, 'h2')
    assert.deepEqual(await exit, { code: 0, signal: null })
  })
}

/** Answers `/` at once, and `/slow` when `finishSlow` is called. */
function startSecure(t: TestContext, create: string, module: 'https' | 'http2'): Promise<Tree> {
  const app = `import ${module} from 'node:${module}'
    import { existsSync } from 'node:fs'
    const whenFinished = run => existsSync('finished') ? run() : setTimeout(whenFinished, 20, run)
    const certificate = ${JSON.stringify(certificate)}
    const answer = (req, res) => {
      const body = req.httpVersion === '2.0' ? 'h2' : 'h1'
      if (req.url !== '/slow') return res.end(body)
      console.log('slow')
      whenFinished(() => res.end(body))
    }
    ${create}.listen(3443)`
  const config = { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, graceful: { idle: '100ms' } } } }
  return startTree(t, { files: { 'app.mjs': app }, config })
}

function finishSlow(tree: Tree): void {
  writeFileSync(join(tree.dir, 'finished'), '')
}

interface Answer {
  readonly status: number | undefined
  readonly body: string
  readonly connection: string | undefined
}

async function answerOf(asked: http.ClientRequest): Promise<Answer> {
  const [response] = (await once(asked, 'response')) as [http.IncomingMessage]
  return { status: response.statusCode, body: await text(response), connection: response.headers.connection }
}

test('a TCP service is given each connection, and one that breaks does no harm', async t => {
  const app = `export default { connection(socket) { socket.on('data', data => socket.write('got ' + data)) } }`
  const tree = await startTree(t, { files: { 'app.mjs': app }, app: './app.mjs', args: ['-w', '1'] })
  const port = Number(new URL(tree.url).port)
  const broken = connect(port, '127.0.0.1').on('error', () => {})
  broken.write('x')
  await once(broken, 'data')
  broken.resetAndDestroy()
  const socket = connect(port, '127.0.0.1')
  t.after(() => socket.destroy())
  socket.write('this')
  assert.equal(String((await once(socket, 'data'))[0]), 'got this')
  assert.equal((await tree.status()).children[0]?.restarts, 0)
})
