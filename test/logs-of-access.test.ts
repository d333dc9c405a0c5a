import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HttpConnection, request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'

const app = `
export default (request, response) => {
  if (request.url.startsWith('/missing')) response.statusCode = 404
  response.setHeader('X-Answer', 'forty "two"')
  response.end('served')
}
`
const files = { 'app.mjs': app }
const web = { app: './app.mjs', workers: 1 }

/** A format, and the line of one request for /todo?page=2 with these headers. */
const formats: Readonly<Record<string, RegExp>> = {
  combined:
    /^127\.0\.0\.1 - - \[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/todo\?page=2 HTTP\/1\.1" 200 6 "http:\/\/a\/" "test\/1\.0"$/,
  json: /^\{"time":"[^"]+Z","remote":"127\.0\.0\.1","method":"GET","path":"\/todo","query":"page=2","protocol":"HTTP\/1\.1","status":200,"bytes":6,"durationMs":[\d.]+,"referer":"http:\/\/a\/","userAgent":"test\/1\.0","worker":"web:0"\}$/,
  // As somebody brings it along from Gunicorn.
  '%(h)s %(l)s %(u)s %(m)s %(U)s %(q)s %(H)s %(s)s %(B)s "%(f)s" "%(a)s" "%({x-answer}o)s" %(T)s %(M)s %(D)s %(p)s':
    /^127\.0\.0\.1 - - GET \/todo page=2 HTTP\/1\.1 200 6 "http:\/\/a\/" "test\/1\.0" "forty \\"two\\"" \d+ \d+ \d+ <\d+>$/,
}

/** Apps of one tree: each format once to a file, and once to stdout; one that says nothing of it; and one that wants none. */
const apps = Object.fromEntries([
  ...Object.keys(formats).flatMap((format, i) => [
    [`file-${i}`, { format, file: `./logs/access-${i}.log` }],
    [`stdout-${i}`, { format }],
  ]),
  ['default', undefined],
  ['none', false],
])

test('the access log has a line for each request, in a file and on stdout', async t => {
  const config = Object.entries(apps).map(([name, accessLog]) => [name, { ...web, listen: '127.0.0.1:0', accessLog }])
  const tree = await startTree(t, { files, config: { name: 'shop', apps: Object.fromEntries(config) } })
  const names = Object.keys(apps)
  const askApp = (name: string) => ask(`http://${tree.listen[names.indexOf(name)]}`)
  const lineOf = async (name: string): Promise<string> => {
    const since = tree.lines.length
    await askApp(name)
    return tree.waitForLine(isOfAccess, { since })
  }
  // Those who have none on stdout are asked first: what they wrote there would stand before the others'.
  for (const name of names.filter(each => /^(?:file|none)/.test(each))) await askApp(name)
  const ofApp = (name: string, pattern: RegExp) => new RegExp(pattern.source.replace('web:0', `${name}:0`))
  for (const [i, [format, expected]] of Object.entries(formats).entries()) {
    await t.test(format, async () => {
      const name = `stdout-${i}`
      assert.match(await lineOf(name), ofApp(name, expected))
    })
  }
  await t.test('it is on by default, in JSON where the output is', async () => {
    assert.match(await lineOf('default'), ofApp('default', formats.json ?? /^$/))
  })
  assert.equal((await tree.stop()).code, 0)
  for (const [i, [format, expected]] of Object.entries(formats).entries()) {
    const text = readFileSync(join(tree.dir, `logs/access-${i}.log`), 'utf8').replace(/\n$/, '')
    assert.match(text, ofApp(`file-${i}`, expected), format)
  }
  await t.test('in a file it is not on stdout, and "accessLog": false turns it off', () => {
    assert.equal(tree.lines.filter(isOfAccess).length, Object.keys(formats).length + 1)
  })
})

/** Bytes that a client can bring past the parser of HTTP: nothing of them may act on a terminal or forge a line. */
const nasty = {
  target: '/todo"\\%0A%1b[2J?q="<>',
  agent: 'a"b\\c\x9b31m\xff\te %(h)s \x80',
  // In UTF-8: a character that turns the direction of reading.
  referer: '\xe2\x80\xae/a',
}

test('control bytes from clients are escaped, from the socket to the file, and in JSON, which can be read back', async t => {
  const inFile = { ...web, listen: 'unix:./file.sock', accessLog: { format: 'combined', file: './access.log' } }
  const inJson = { ...web, listen: 'unix:./json.sock', accessLog: { format: 'json' } }
  const tree = await startTree(t, { files, config: { name: 'shop', apps: { file: inFile, json: inJson } } })
  for (const name of ['file', 'json']) await askNastily(`unix:${tree.dir}/${name}.sock`)
  await tree.stop()
  const log = readFileSync(join(tree.dir, 'access.log'), 'latin1')
  assert.match(log, /^[\x20-\x7e]+\n$/)
  assert.ok(log.includes(String.raw`"GET /todo\"\\%0A%1b[2J?q=\"<> HTTP/1.1"`), log)
  assert.ok(log.includes(String.raw`"\xe2\x80\xae/a" "a\"b\\c\x9b31m\xff\x09e %(h)s \x80"`), log)

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
  const slow = 'export default (request, response) => { console.log("asked") }'
  const app = { app: './app.mjs', listen: '127.0.0.1:0', accessLog: { format: '%(s)s %(U)s' } }
  const tree = await startTree(t, { files: { 'app.mjs': slow }, config: { name: 'shop', apps: { web: app } } })
  const connection = await HttpConnection.open(tree.url)
  connection.send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
  await tree.waitForLine(/asked/)
  connection.close()
  await tree.waitForLine(line => line === '499 /slow')
})

async function ask(target: string): Promise<void> {
  await request(target, { path: '/todo?page=2', headers: { Referer: 'http://a/', 'User-Agent': 'test/1.0' } })
}

async function askNastily(target: string): Promise<void> {
  const connection = await HttpConnection.open(target)
  const lines = [`GET ${nasty.target} HTTP/1.1`, 'Host: a', `Referer: ${nasty.referer}`, `User-Agent: ${nasty.agent}`]
  connection.send(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'))
  const { status } = await connection.receive()
  connection.close()
  assert.equal(status, 200)
}

function isOfAccess(line: string): boolean {
  return line.includes('todo')
}
