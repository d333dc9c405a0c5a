/** Every example is served as its README says, and ends without losing an answer. */
import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import zen from '../examples/zen/server.ts'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import { root, startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const examples = join(root, 'examples')
const frameworks = join(examples, 'frameworks')

/** What each file of examples/frameworks greets with. */
const greetings: Record<string, string> = {
  'fetch.ts': 'fetch',
  'hono.ts': 'Hono',
  'listener.ts': 'a listener',
  'express4.cjs': 'Express 4',
  'express5.ts': 'Express 5',
  'koa.ts': 'Koa',
  'fastify.ts': 'Fastify',
  'fastify-listens.ts': 'Fastify',
  'server.ts': 'a server',
  'listens.ts': 'a script',
}

// Most of the time is the second that the slow answers take.
suite('examples/frameworks', { concurrency: 4 }, () => {
  for (const [file, name] of Object.entries(greetings)) {
    test(`${file} greets, and gives its slow answer before it ends`, async t => {
      await assertGreets(await startTree(t, { app: join(frameworks, file), args: ['-w', '1'] }), name)
    })
  }

  test('nest greets once it is compiled, and gives its slow answer before it ends', async t => {
    const dir = realpathSync(mkdtempSync(join(tmpdir(), 'saola-')))
    t.after(() => rmSync(dir, { recursive: true, force: true }))
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const compiler = spawn(process.execPath, [tsc, '-p', join(frameworks, 'nest'), '--outDir', dir], {
      stdio: 'inherit',
    })
    assert.deepEqual(await once(compiler, 'exit'), [0, null])
    const packages = ['@nestjs/common', '@nestjs/core']
    await assertGreets(await startTree(t, { dir, packages, app: './main.js', args: ['-w', '1'] }), 'NestJS')
  })
})

/** Asks on one connection, and stops the tree while the second answer is on its way. */
async function assertGreets(tree: Tree, name: string): Promise<void> {
  const connection = await HttpConnection.open(tree.url)
  connection.send(formatRequest({ path: '/' }))
  assert.equal(String((await connection.receive()).body), `Hello from ${name}\n`)
  connection.send(formatRequest({ path: '/slow' }))
  const exit = tree.stop()
  const { body, isLast } = await connection.receive()
  assert.deepEqual([String(body), isLast], [`A slow hello from ${name}\n`, true])
  assert.deepEqual(await exit, { code: 0, signal: null })
}

test('examples/frameworks/tcp.ts echoes', async t => {
  const tree = await startTree(t, { app: join(frameworks, 'tcp.ts') })
  const socket = connectTo(t, tree)
  socket.end('this and that')
  assert.equal(await text(socket), 'this and that')
  assert.deepEqual(await tree.stop(), { code: 0, signal: null })
})

test('examples/hello says which worker has answered', async t => {
  const tree = await startTree(t, { app: join(examples, 'hello', 'app.ts'), args: ['-w', '2'] })
  assert.match(String((await request(tree.url)).body), /^Hello from web:[01] \(pid \d+\)\n$/)
  assert.deepEqual(await tree.stop(), { code: 0, signal: null })
})

test('examples/front does with each command of its README what stands behind it', async t => {
  const front = join(examples, 'front')
  const upstream = spawn(process.execPath, [join(front, 'upstream.ts')], { env: { ...process.env, PORT: '0' } })
  t.after(() => upstream.kill())
  const [, upstreamPort] = /port: (\d+)/.exec(String(await once(upstream.stdout, 'data'))) ?? []
  const source = readFileSync(join(front, 'saola.config.ts'), 'utf8')
  const config = source.replaceAll(/:8(443|080)\b/g, ':0').replace(':9000', `:${upstreamPort}`)
  const tree = await startTree(t, { fixture: front, config })
  const [secure, plain] = tree.listen.map(address => address.replace('127.0.0.1', 'localhost'))
  const commands = [...readFileSync(join(front, 'README.md'), 'utf8').matchAll(/^curl (.+?) *#/gm)]
  const run = async ([, line = '']: readonly string[]): Promise<string> => {
    const args = line.replace('localhost:8443', `${secure}`).replace('localhost:8080', `${plain}`).split(' ')
    return (await promisify(execFile)('curl', ['-sS', '--max-time', '10', ...args])).stdout
  }
  const [file, service, sent, guess = []] = commands
  assert.equal(commands.length, 4)
  assert.equal(await run(file ?? []), readFileSync(join(front, 'public', 'index.html'), 'utf8'))
  assert.deepEqual(pick(await run(service ?? [])), ['GET', '/items/1', secure, '127.0.0.1', 'https'])
  assert.deepEqual(pick(await run(sent ?? [])), ['GET', '/items/7', secure, '127.0.0.1', 'https'])
  for (let count = 1; count <= 3; count++) assert.equal(pick(await run(guess))[1], '/login')
  assert.equal(await run(guess), '429 Too Many Requests\n')
  assert.deepEqual(await tree.stop(), { code: 0, signal: null })
})

test('examples/tasks answers at once, and what it was asked for is done by another process', async t => {
  const dir = join(examples, 'tasks')
  const config = readFileSync(join(dir, 'saola.config.ts'), 'utf8').replace(':8000', ':0')
  const tree = await startTree(t, { fixture: dir, config })
  const ask = async (path: string, body?: string) => {
    const method = body === undefined ? 'GET' : 'POST'
    const answer = await fetch(`${tree.url}${path}`, {
      method,
      headers: { 'x-request-id': 'r17' },
      ...(body === undefined ? {} : { body }),
    })
    return JSON.parse(await answer.text())
  }
  const { id, isNew } = await ask('/', 'Simple is better than complex.')
  assert.equal(isNew, true)
  assert.deepEqual(await ask('/', 'Simple is better than complex.'), { id, isNew: false })
  const job = await until('the words are counted', async () => {
    const found = await ask(`/${id}`)
    return found.state === 'done' ? found : undefined
  })
  assert.deepEqual([job.progress, job.result.words], [{ done: 5, of: 5 }, 5])
  // The id of the request, which the edge gave it: nobody is trusted to bring one.
  assert.match(job.result.askedBy, /^[0-9a-f-]{36}$/)
  assert.deepEqual(await tree.stop(), { code: 0, signal: null })
})

/** What upstream.ts has seen of a request. */
function pick(answer: string): unknown[] {
  const { method, url, host, client, scheme } = JSON.parse(answer)
  return [method, url, host, client, scheme]
}

test('no example is left out', () => {
  // The one with Flask has a test of its own: flask-example.test.ts.
  assert.deepEqual(readdirSync(examples).sort(), ['flask', 'frameworks', 'front', 'hello', 'tasks', 'zen'])
  const files = readdirSync(frameworks).filter(name => /\.c?ts$|\.[cm]?js$/.test(name))
  assert.deepEqual(files.sort(), [...Object.keys(greetings), 'tcp.ts'].sort())
})

const questions = 'Beautiful is better than?Explicit is better than?Simple is better than?Now is better than?'
const answers = 'Ugly.Implicit.Complex.Error: unknown aphorism.'

test('examples/zen', async t => {
  const tree = await startTree(t, { app: join(examples, 'zen', 'server.ts'), args: ['-w', '2'] })
  await t.test('answers question after question on one connection', part => answerOneByOne(part, tree))
  await t.test('answers what comes in one piece, in many, in lines, and all of it before it ends', part =>
    answerPieces(part, tree),
  )
  await t.test('refuses a question without an end', part => refuseEndless(part, tree))
  await t.test('says goodbye to clients that are connected when it stops', part => sayGoodbye(part, tree))
})

async function answerOneByOne(t: TestContext, tree: Tree): Promise<void> {
  const socket = connectTo(t, tree)
  for (const [index, question] of questions.split(/(?<=\?)/).entries()) {
    socket.write(question)
    assert.equal(String((await once(socket, 'data'))[0]), answers.split(/(?<=\.)/)[index])
  }
}

async function answerPieces(t: TestContext, tree: Tree): Promise<void> {
  const whole = connectTo(t, tree)
  whole.end(questions)
  const bytewise = connectTo(t, tree)
  bytewise.setNoDelay(true)
  for (const byte of questions) await new Promise(resolve => bytewise.write(byte, resolve))
  bytewise.end()
  const lines = connectTo(t, tree)
  lines.end(questions.replaceAll('?', '?\r\n'))
  assert.deepEqual(await Promise.all([whole, bytewise, lines].map(text)), [answers, answers, answers])
}

async function refuseEndless(t: TestContext, tree: Tree): Promise<void> {
  const socket = connectTo(t, tree)
  socket.write(`Simple is better than?${'x'.repeat(1_025)}`)
  assert.equal(await text(socket), 'Complex.Error: question too long.')
}

async function sayGoodbye(t: TestContext, tree: Tree): Promise<void> {
  const socket = connectTo(t, tree)
  socket.write('Simple is better than?')
  await once(socket, 'data')
  const exit = tree.stop()
  await once(socket, 'end')
  assert.deepEqual(await exit, { code: 0, signal: null })
}

test('examples/zen gives a question a minute', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const [, socket] = duplexPair()
  zen.connection(socket as unknown as Socket)
  t.mock.timers.tick(59_999)
  assert.equal(socket.destroyed, false)
  t.mock.timers.tick(1)
  assert.equal(socket.destroyed, true)
})

function connectTo(t: TestContext, tree: Tree): Socket {
  const socket = connect(Number(new URL(tree.url).port), '127.0.0.1')
  t.after(() => socket.destroy())
  return socket
}
