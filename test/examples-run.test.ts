/** Every example is served as its README says, and ends without losing an answer. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import zen from '../examples/zen/server.ts'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import { root, startTree, type Tree, type TreeOptions } from './support/tree.ts'

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
      await assertGreets(await startTree(t, { app: join(frameworks, file), args: ['-w', '2'] }), name)
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
    await assertGreets(await startTree(t, { dir, packages, app: './main.js', args: ['-w', '2'] }), 'NestJS')
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

test('no example is left out', () => {
  assert.deepEqual(readdirSync(examples).sort(), ['frameworks', 'hello', 'zen'])
  const files = readdirSync(frameworks).filter(name => /\.c?ts$|\.[cm]?js$/.test(name))
  assert.deepEqual(files.sort(), [...Object.keys(greetings), 'tcp.ts'].sort())
})

const questions = 'Beautiful is better than?Explicit is better than?Simple is better than?Now is better than?'
const answers = 'Ugly.Implicit.Complex.Error: unknown aphorism.'

const startZen = (t: TestContext, options: TreeOptions = {}): Promise<Tree> =>
  startTree(t, { app: join(examples, 'zen', 'server.ts'), args: ['-w', '2'], ...options })

test('examples/zen answers question after question on one connection', async t => {
  const socket = connectTo(t, await startZen(t))
  for (const [index, question] of questions.split(/(?<=\?)/).entries()) {
    socket.write(question)
    assert.equal(String((await once(socket, 'data'))[0]), answers.split(/(?<=\.)/)[index])
  }
})

test('examples/zen answers what comes in one piece, in many, in lines, and all of it before it ends', async t => {
  const tree = await startZen(t)
  const whole = connectTo(t, tree)
  whole.end(questions)
  const bytewise = connectTo(t, tree)
  bytewise.setNoDelay(true)
  for (const byte of questions) await new Promise(resolve => bytewise.write(byte, resolve))
  bytewise.end()
  const lines = connectTo(t, tree)
  lines.end(questions.replaceAll('?', '?\r\n'))
  assert.deepEqual(await Promise.all([whole, bytewise, lines].map(text)), [answers, answers, answers])
})

test('examples/zen refuses a question without an end', async t => {
  const socket = connectTo(t, await startZen(t))
  socket.write(`Simple is better than?${'x'.repeat(1_025)}`)
  assert.equal(await text(socket), 'Complex.Error: question too long.')
})

test('examples/zen says goodbye to clients that are connected when it stops', async t => {
  const tree = await startZen(t)
  const socket = connectTo(t, tree)
  socket.write('Simple is better than?')
  await once(socket, 'data')
  const exit = tree.stop()
  await once(socket, 'end')
  assert.deepEqual(await exit, { code: 0, signal: null })
})

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
