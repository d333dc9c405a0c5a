import assert from 'node:assert/strict'
import dgram from 'node:dgram'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeProject } from './support/saola-command.ts'
import { spawnTree, startTree, type Tree, type TreeOptions } from './support/tree.ts'

const files = { 'app.js': 'export default { fetch: () => new Response("hi") }' }
const web = { app: './app.js', listen: '127.0.0.1:0', workers: 1 }

test('log files that cannot be written are listed by check, and end a start and a reload', async t => {
  const config = {
    log: { file: '/proc/saola/tree.log' },
    apps: { web: { ...web, stdout: { file: './' }, stderr: { file: './app.js/err.log' }, accessLog: { file: '-' } } },
  }
  const problems = [
    /^ {2}log\.file expected a file that can be written, got "\/proc\/saola\/tree\.log" \(its folder cannot be made\)\.$/,
    /^ {2}apps\.web\.stdout\.file expected .* \(it is a folder\)\.$/,
    /^ {2}apps\.web\.stderr\.file expected .* \(a part of its path is no folder\)\.$/,
  ]
  const tree = await failToStart(t, { files, config })
  assert.match(tree.lines[0] ?? '', /has 3 problems\. {3}\[ERR_CONFIG_INVALID\]$/)
  for (const [index, problem] of problems.entries()) assert.match(tree.lines[index + 1] ?? '', problem)

  const checked = await tree.cli('check')
  assert.equal(checked.code, 1)
  for (const [index, problem] of problems.entries()) assert.match(checked.stderr.split('\n')[index + 1] ?? '', problem)
})

test('a reload says in words why it is refused or fails', async t => {
  const tree = await startTree(t, { files, config: { apps: { web } } })
  const reload = async (section: object) => {
    writeFileSync(join(tree.dir, 'saola.config.json'), JSON.stringify({ apps: { web: { ...web, ...section } } }))
    return tree.cli('reload', '--wait')
  }
  await t.test('where log files cannot be written', async () => {
    const { code, stderr } = await reload({ stdout: { file: './' }, stderr: { file: './app.js/err.log' } })
    assert.equal(code, 1)
    assert.match(stderr, /has 2 problems\..*\n {2}apps\.web\.stdout\.file expected/)
  })
  await t.test('where Node itself has refused something', async () => {
    const { stderr } = await reload({ node: ['--no-such-flag'] })
    assert.match(stderr, /web: the new worker exited with code 9 before it was ready: .*bad option: --no-such-flag/)
  })
  await t.test('where there is a syntax error', async () => {
    writeFileSync(join(tree.dir, 'app.js'), `${files['app.js']}\nconst = 1\n`)
    const { stderr } = await reload({})
    assert.match(stderr, /web: the new worker could not boot: Unexpected token '=', \/.*\/app\.js:2; the old workers/)
  })
})

test('log files of programs are looked at for every process that has one of its own', async t => {
  const stdout = { file: './logs/{name}-{instance}.log' }
  const programs = { idle: { command: ['sleep', '60'], instances: 3, stdout, stderr: { file: './app.js/{name}.log' } } }
  const made = { 'logs/idle-1.log/a-folder': '' }
  const tree = await failToStart(t, { files: { ...files, ...made }, config: { programs } })
  assert.match(tree.lines[0] ?? '', /has 2 problems\./)
  assert.match(tree.lines[1] ?? '', /^ {2}programs\.idle\.stdout\.file .*logs\/idle-1\.log" \(it is a folder\)\.$/)
  assert.match(
    tree.lines[2] ?? '',
    /^ {2}programs\.idle\.stderr\.file .*idle\.log" \(a part of its path is no folder\)\.$/,
  )
})

test('a tree whose log is a file says on standard error why it did not start', async t => {
  const config = { log: { file: './tree.log' }, apps: { web } }
  const tree = await failToStart(t, { files: { 'app.js': 'throw new Error("no such table")' }, config })
  assert.deepEqual(tree.lines, ['saola: Worker web:0 could not boot: no such table'])
})

test('without enough descriptors a start fails with a reason, and not by a mistake of its own', async t => {
  for (const limit of [24, 28, 32]) {
    const wrapper = ['sh', '-c', `ulimit -n ${limit} && exec "$@"`, 'sh']
    const tree = spawnTree(t, { files, app: './app.js', wrapper })
    await tree.waitForEvent('tree.ready').then(
      () => tree.stop(),
      () => tree.exit,
    )
    assert.doesNotMatch(tree.lines.join('\n'), /TypeError/)
  }
})

test('a descriptor that is no listen socket is named', async t => {
  const server = net.createServer().listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = net.connect((server.address() as AddressInfo).port, '127.0.0.1')
  t.after(() => client.destroy())
  await once(client, 'connect')
  const datagrams = dgram.createSocket('udp4')
  t.after(() => datagrams.close())
  datagrams.bind(0, '127.0.0.1')
  await once(datagrams, 'listening')
  const fds = [fdOf(client), fdOf(stateOf(datagrams))]
  const reasons = [/fd:\/\/3 \(it is a connection, and no listen socket\)/, /fd:\/\/4 \(it is no stream socket\)/]
  for (const [index, reason] of reasons.entries()) {
    const config = { apps: { web: { ...web, listen: `fd://${3 + index}` } } }
    const tree = await failToStart(t, { files, config, fds })
    assert.match(tree.lines[0] ?? '', reason)
  }
})

test('in a folder that was deleted every command says so in one line', async t => {
  const dir = makeProject(t, { files })
  const gone = join(dir, 'gone')
  for (const command of ['start ./app.js', 'check', 'status']) {
    const script = `mkdir ${gone} && cd ${gone} && rmdir ${gone} && exec "$1" "$2" ${command}`
    const shell = spawnTree(t, { dir, wrapper: ['sh', '-c', script, 'sh'] })
    assert.notEqual((await shell.exit).code, 0)
    assert.deepEqual(shell.lines, [
      'saola: The folder that this was called in has been deleted. Change into another one.   [ERR_USAGE]',
    ])
  }
})

async function failToStart(t: TestContext, options: TreeOptions): Promise<Tree> {
  const tree = spawnTree(t, options)
  assert.deepEqual(await tree.exit, { code: 1, signal: null })
  return tree
}

function fdOf(owner: unknown): number {
  const { _handle, handle } = owner as { _handle?: { fd: number }; handle?: { fd: number } }
  return (_handle ?? handle)?.fd ?? -1
}

/** Where Node keeps the handle of a datagram socket. */
function stateOf(socket: object): unknown {
  const key = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol')
  return key && (socket as Record<symbol, unknown>)[key]
}
