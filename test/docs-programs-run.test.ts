/** The examples of docs/programs.md: each configuration is right, and runs with small programs that stand for the reader's. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { programOptions } from '../src/programs/options.ts'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const page = readFileSync(join(import.meta.dirname, '..', 'docs', 'programs.md'), 'utf8')
/** Each begins with the name of its file. */
const examples = Object.fromEntries(
  [...page.matchAll(/^```[jt]s\n\/\/ (\S+)\n(.*?)^```$/gms)].map(([, file = '', code = '']) => [file, code]),
)

/** What the page leaves to the reader. */
const rest = {
  'server.ts': 'export default { fetch: () => new Response("hello") }',
  'inherit.js': (examples['inherit.js'] ?? '')
    .replace('import { createServer } from', 'const { createServer } = require(')
    .replace("'node:http'\n", "'node:http')\n"),
  'listen.js': `
const port = Number(process.argv[2])
require('node:http').createServer((_, response) => response.end('well')).listen(port, '127.0.0.1', () => console.log('listens on ' + port))`,
  'ask.js': `
const socket = require('node:net').connect(Number(process.argv[2]), '127.0.0.1')
socket.on('connect', () => process.exit(0)).on('error', () => process.exit(1))`,
  'migrate.js': "console.log('migrated')",
  'report.js':
    "console.log(JSON.stringify(process.argv.slice(2))); console.error('careful'); setInterval(() => {}, 1e6)",
  'resizer/resizer.js': `
console.log(process.argv.slice(2).join(' '), process.env.QUEUE, process.env.METRICS)
require('node:fs').readFileSync(0, 'utf8') === 'verbose=1\\n' && console.log('listening on 9')
setInterval(() => {}, 1e6)`,
}

const binaries = {
  'redis-server': 'echo "Ready to accept connections"; exec sleep 1000',
  python3: 'echo "mails $*"; exec sleep 1000',
}

/** A tree of one example, with ports that nobody has in place of those of the page. */
async function run(t: TestContext, file: string, change = (code: string) => code): Promise<Tree> {
  const bin = mkdtempSync(join(tmpdir(), 'saola-bin-'))
  t.after(() => rmSync(bin, { recursive: true }))
  for (const [name, script] of Object.entries(binaries))
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const ports = await freePorts(10)
  const code = (examples[file] ?? assert.fail(file)).replace(/\b900(\d)\b/g, (_, digit) => String(ports[Number(digit)]))
  const config = change(code).replace("app: './server.ts'", "app: './server.ts', listen: '127.0.0.1:0', workers: 1")
  const env = { PATH: `${bin}:${process.env.PATH}`, RESIZER_KEY: 'secret' }
  return startTree(t, { files: rest, config, env })
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports
}

/** Names and states: `redis RUNNING`. */
async function states(tree: Tree): Promise<string[]> {
  return (await tree.status()).children.map(({ name, state }) => `${name} ${state}`)
}

test('every option of a program is in the table and in an example', () => {
  const told = new Set([...page.matchAll(/^\| `(\w+)`(?:, `(\w+)`)? +\| /gm)].flatMap(row => row.slice(1)))
  for (const option of Object.keys(programOptions.shape)) {
    assert.ok(told.has(option), `${option} is not in the table`)
    assert.match(examples['every-option.config.ts'] ?? '', new RegExp(`\\b${option}:`))
  }
})

test('the first example starts in its order, and its commands do what they say', async t => {
  const tree = await run(t, 'saola.config.ts')
  const running = ['web:0 RUNNING', 'mailer:0 RUNNING', 'mailer:1 RUNNING', 'redis:0 RUNNING']
  assert.deepEqual(await states(tree), running)
  const block = page.match(/^```sh\n(saola start .*?)^```$/ms)?.[1] ?? ''
  const commands = block.split('\n').flatMap(line => /^saola (.*?)(?: +#.*)?$/.exec(line)?.[1] ?? [])
  assert.equal(commands.length, 8)
  for (const command of commands.filter(text => !/^(start|events|logs .* -f)$/.test(text))) {
    const { code, stderr } = await tree.cli(...command.split(/ +/))
    assert.deepEqual([code, stderr], [0, ''], command)
  }
  await tree.waitForEvent('program.ready', { name: 'mailer:2' })
  await tree.waitForLine(/"mailer:0".*mails -u/)
  assert.match((await tree.cli('logs', 'mailer')).stdout, /mailer:0 \| mails -u mailer\.py/)
  assert.match((await tree.cli('events', 'redis', '--no-follow')).stdout, /"from":"STOPPED","to":"STARTING"/)
})

test('the example with every option runs', async t => {
  const isRoot = process.getuid?.() === 0
  const tree = await run(t, 'every-option.config.ts', code =>
    // Nobody may be somebody else but root, and a folder for all is not readable for nobody.
    (isRoot ? code : code.replace(/ +(user|group): .*\n/g, ''))
      .replace("startSeconds: '5s'", 'startSeconds: 0')
      .replace("user: 'nobody'", "user: 'root'")
      .replace("group: 'nogroup'", "group: 'root'"),
  )
  assert.deepEqual(await states(tree), ['redis:0 RUNNING', ...[0, 1, 2].map(n => `resizer:${n} RUNNING`)])
  const path = join(tree.dir, 'logs', 'resizer-1.log')
  const log = await until(
    'the log of the second',
    () => existsSync(path) && /.*on 9\n$/s.exec(readFileSync(path, 'utf8'))?.[0],
  )
  assert.equal(log, '--name resizer-1 --key secret thumbnails run/resizer-1.prom\nlistening on 9\n')
})

test('commands are split into words, and places in them filled', async t => {
  const tree = await run(t, 'commands.config.ts')
  const said = await Promise.all(
    ['words:0', 'text:0', 'piped:0', 'ports:2'].map(async source => {
      const line = await tree.waitForLine(text => text.includes(`"source":"${source}"`) && !text.includes('careful'))
      return JSON.parse(line).message
    }),
  )
  const title = '["--title","two words"]'
  assert.deepEqual(said, [title, title, title, '["--port","9002"]'])
})

test('programs are ready in each of the four ways, and checked when they are up', async t => {
  for (const file of ['ready.config.ts', 'health.config.ts']) {
    const tree = await run(t, file)
    for (const state of await states(tree)) assert.match(state, / RUNNING$/)
    assert.equal((await tree.stop()).code, 0)
  }
})

test('the order of the example holds', async t => {
  const tree = await run(t, 'order.config.ts')
  const ready = tree.lines.flatMap(line => /"event":"(?:program|worker)\.ready","name":"(\w+):0"/.exec(line)?.[1] ?? [])
  assert.deepEqual(
    ready.filter(name => name !== 'metrics'),
    ['database', 'migrate', 'cache', 'web'],
  )
  assert.deepEqual(await states(tree), [
    'web:0 RUNNING',
    'cache:0 RUNNING',
    'database:0 RUNNING',
    'metrics:0 RUNNING',
    'migrate:0 EXITED',
  ])
})

test('a program answers on the socket that it is given, and behind the edge', async t => {
  const tree = await run(t, 'sockets.config.ts')
  assert.equal(String((await request(tree.url, { path: '/legacy' })).body), 'from fd 3')
  assert.equal(String((await request(`unix:${join(tree.dir, 'legacy.sock')}`)).body), 'from fd 3')
})

test('output goes where the example says', async t => {
  const tree = await run(t, 'output.config.ts')
  const expected = { 'out.log': '[]\n', 'err.log': 'careful\n', 'both-0.log': '[]\ncareful\n' }
  for (const [name, all] of Object.entries(expected)) {
    const path = join(tree.dir, 'logs', name)
    const read = () => (existsSync(path) ? readFileSync(path, 'utf8') : '')
    await until(`${name} is written`, () => read().length >= all.length)
    assert.equal(read(), all)
  }
  assert.doesNotMatch((await tree.cli('logs', 'silent')).stdout, /\[\]/)
})
