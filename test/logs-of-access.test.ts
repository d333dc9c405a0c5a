import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { HttpConnection, request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'

const app = `
export default (request, response) => {
  if (request.url.startsWith('/missing')) response.statusCode = 404
  response.setHeader('X-Answer', 'forty "two"')
  response.end('served')
}
`
const files = { 'app.mjs': app }

/** A format, and the line of one request for /todo?page=2 with these headers. */
const formats: Readonly<Record<string, RegExp>> = {
  combined:
    /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/todo\?page=2 HTTP\/1\.1" 200 6 "http:\/\/a\/" "test\/1\.0"$/,
  json: /^\{"time":"[^"]+Z","remote":"127\.0\.0\.1","method":"GET","path":"\/todo","query":"page=2","protocol":"HTTP\/1\.1","status":200,"bytes":6,"durationMs":[\d.]+,"referer":"http:\/\/a\/","userAgent":"test\/1\.0","worker":"web:0"\}$/,
  // As somebody brings it along from Gunicorn.
  '%(h)s %(l)s %(u)s %(m)s %(U)s %(q)s %(H)s %(s)s %(B)s "%(f)s" "%(a)s" "%({x-answer}o)s" %(T)s %(M)s %(D)s %(p)s':
    /^127\.0\.0\.1 - - GET \/todo page=2 HTTP\/1\.1 200 6 "http:\/\/a\/" "test\/1\.0" "forty \\"two\\"" \d+ \d+ \d+ <\d+>$/,
}

for (const [format, expected] of Object.entries(formats)) {
  test(`the access log has a line for each request, in a file and on stdout: ${format}`, async t => {
    const toFile = await start(t, { accessLog: { format, file: './logs/access.log' } })
    await ask(toFile)
    assert.equal((await toFile.stop()).code, 0)
    assert.match(readFileSync(join(toFile.dir, 'logs/access.log'), 'utf8').replace(/\n$/, ''), expected)
    assert.deepEqual(toFile.lines.filter(isOfAccess), [])

    const toStdout = await start(t, { accessLog: { format } })
    await ask(toStdout)
    assert.equal((await toStdout.stop()).code, 0)
    const lines = toStdout.lines.filter(isOfAccess)
    assert.equal(lines.length, 1)
    assert.match(lines[0] ?? '', expected)
  })
}

test('the access log is on by default, in JSON where the output is, and "accessLog": false turns it off', async t => {
  const on = await start(t, {})
  await ask(on)
  await on.stop()
  assert.match(on.lines.find(isOfAccess) ?? '', formats.json ?? /^$/)
  const off = await start(t, { accessLog: false })
  await ask(off)
  await off.stop()
  assert.deepEqual(off.lines.filter(isOfAccess), [])
})

/** Bytes that a client can bring past the parser of HTTP: nothing of them may act on a terminal or forge a line. */
const nasty = {
  target: '/todo"\\%0A%1b[2J?q="<>',
  agent: 'a"b\\c\x9b31m\xff\te %(h)s \x80',
  // In UTF-8: a character that turns the direction of reading.
  referer: '\xe2\x80\xae/a',
}

test('control bytes from clients are escaped in the line, from the socket to the file', async t => {
  const tree = await start(t, { accessLog: { format: 'combined', file: './access.log' } })
  await askNastily(tree)
  await tree.stop()
  const log = readFileSync(join(tree.dir, 'access.log'), 'latin1')
  assert.match(log, /^[\x20-\x7e]+\n$/)
  assert.ok(log.includes(String.raw`"GET /todo\"\\%0A%1b[2J?q=\"<> HTTP/1.1"`), log)
  assert.ok(log.includes(String.raw`"\xe2\x80\xae/a" "a\"b\\c\x9b31m\xff\x09e %(h)s \x80"`), log)
})

test('control bytes from clients are escaped in JSON, and can be read back', async t => {
  const tree = await start(t, { accessLog: { format: 'json' } })
  await askNastily(tree)
  await tree.stop()
  const line = tree.lines.find(isOfAccess) ?? ''
  assert.match(line, /^[\x20-\x7e]+$/)
  const { path, query, userAgent, referer } = JSON.parse(line)
  const [wantedPath, wantedQuery] = nasty.target.split('?')
  assert.equal(path, wantedPath)
  assert.equal(query, wantedQuery)
  assert.equal(userAgent, nasty.agent)
  assert.equal(referer, '\u202e/a')
})

test('a client that leaves before its answer has a line, too: 499', async t => {
  const slow = 'export default (request, response) => { console.log("asked"); setTimeout(() => response.end(), 500) }'
  const tree = await startTree(t, {
    files: { 'app.mjs': slow },
    config: configOf({ accessLog: { format: '%(s)s %(U)s' } }),
  })
  const connection = await HttpConnection.open(tree.url)
  connection.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await tree.waitForLine(/asked/)
  connection.close()
  await tree.waitForLine(line => line === '499 /slow')
})

function start(t: TestContext, web: object): Promise<Tree> {
  return startTree(t, { files, config: configOf(web) })
}

function configOf(web: object): object {
  return { name: 'shop', apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, ...web } } }
}

async function ask(tree: Tree): Promise<void> {
  await request(tree.url, { path: '/todo?page=2', headers: { Referer: 'http://a/', 'User-Agent': 'test/1.0' } })
}

async function askNastily(tree: Tree): Promise<void> {
  const connection = await HttpConnection.open(tree.url)
  const lines = [`GET ${nasty.target} HTTP/1.1`, 'Host: a', `Referer: ${nasty.referer}`, `User-Agent: ${nasty.agent}`]
  connection.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
  const { status } = await connection.receive()
  connection.close()
  assert.equal(status, 200)
}

function isOfAccess(line: string): boolean {
  return line.includes('todo')
}
