/** What `saola init systemd` writes runs under a real systemd: sandbox, sockets, watchdog, reload. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { type CommandResult, type NestedSystemd, startSystemd, systemdTool } from './support/nested-systemd.ts'
import { openProgram, testAsRoot } from './support/nobody.ts'
import { makeProject, runSaola } from './support/saola-command.ts'
import { root, spawnTree } from './support/tree.ts'
import { until } from './support/until.ts'

/** A user that every Linux has, and that nobody else is. */
const daemon = 1

const app = `import { writeFileSync } from 'node:fs'
import { store } from 'saola/store'
const attempt = run => { try { run(); return 'done' } catch (error) { return error.code } }
export default {
  async fetch() {
    return Response.json({
      pid: process.pid,
      supervisor: process.ppid,
      uid: process.getuid(),
      hits: await store.counter('hits').increment(),
      code: attempt(() => writeFileSync(import.meta.dirname + '/written', '')),
      etc: attempt(() => writeFileSync('/etc/saola-test', '')),
      tmp: attempt(() => writeFileSync('/tmp/saola-test-' + process.pid, '')),
      environment: process.env.NODE_ENV,
      listens: process.env.LISTEN_FDS ?? null,
    })
  },
}`

function projectFor(t: TestContext, port: number, name?: string): string {
  const config = `export default { name: 'shop', apps: { web: { app: './app.mjs', listen: '127.0.0.1:${port}', workers: 2 } } }`
  // Not in /tmp, which is another one for the service.
  const parent = existsSync('/var/lib') && process.getuid?.() === 0 ? { parent: '/var/lib' } : {}
  return makeProject(t, { files: { 'app.mjs': app, 'saola.config.mjs': config }, ...parent, ...(name ? { name } : {}) })
}

function done({ code, text }: CommandResult): void {
  assert.equal(code, 0, text)
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}

/** The units as they are written, and what only a test needs. */
async function startUnits(t: TestContext, dir: string, extra = ''): Promise<NestedSystemd> {
  const units = join(dir, 'deploy', 'systemd')
  const written = Object.fromEntries(readdirSync(units).map(name => [name, readFileSync(join(units, name), 'utf8')]))
  const output = outputOf(dir)
  const dropIn = `[Service]\nStandardOutput=append:${output}\nStandardError=append:${output}\n${extra}`
  return startSystemd(t, { ...written, 'shop.service.d/test.conf': dropIn })
}

/** What the service prints. */
function outputOf(dir: string): string {
  return join(dir, '..', 'output')
}

interface Seen {
  readonly pid: number
  readonly supervisor: number
  readonly [name: string]: unknown
}

async function ask(port: number): Promise<Seen> {
  const { status, body } = await request(`http://127.0.0.1:${port}`)
  assert.equal(status, 200, String(body))
  return JSON.parse(String(body))
}

testAsRoot(
  'the service starts with its first connection, in its sandbox, reloads and stops',
  async t => {
    const port = await freePort()
    const dir = projectFor(t, port, 'my 100% $HOME "shop"')
    chmodSync(join(dir, '..'), 0o755)
    chownSync(dir, daemon, daemon)
    const init = runSaola(dir, ['init', 'systemd'], openProgram(t))
    assert.equal(init.code, 0, init.stderr + init.stdout)
    const systemd = await startUnits(t, dir)
    done(systemd.systemctl('start', 'shop.socket'))
    assert.equal(systemd.show('shop.service', 'ActiveState'), 'inactive')

    const { pid, supervisor, ...seen } = await ask(port)
    const wanted = {
      uid: daemon,
      hits: 1,
      code: 'EROFS',
      etc: 'EROFS',
      // With Node or the project below /tmp, the unit can have no /tmp of its own.
      tmp: root.startsWith('/tmp/') ? 'EROFS' : 'done',
      environment: 'production',
      listens: null,
    }
    assert.deepEqual(seen, wanted)
    assert.ok(!existsSync(`/tmp/saola-test-${pid}`), 'its /tmp is its own')
    await until('it is active', () => systemd.show('shop.service', 'ActiveState') === 'active')
    assert.equal(systemd.show('shop.service', 'StatusText'), 'Serving web')
    assert.ok(systemd.show('shop.service', 'WatchdogTimestampMonotonic') !== '0')

    done(systemd.systemctl('reload', 'shop.service'))
    const reloaded = await ask(port)
    assert.equal(reloaded.supervisor, supervisor)
    assert.notEqual(reloaded.pid, pid)
    writeFileSync(join(dir, 'app.mjs'), 'throw new Error("bad")')
    assert.notEqual(systemd.systemctl('reload', 'shop.service').code, 0, 'a reload that fails says so')
    assert.equal((await ask(port)).supervisor, supervisor)

    writeFileSync(join(dir, 'app.mjs'), app)
    const asked = ask(port)
    done(systemd.systemctl('restart', 'shop.service'))
    await asked
    assert.notEqual((await ask(port)).hits, 1, 'what is in the store is still there')
    done(systemd.systemctl('stop', 'shop.service'))
    assert.deepEqual(
      [systemd.show('shop.service', 'Result'), systemd.show('shop.service', 'ActiveState')],
      ['success', 'inactive'],
    )
  },
  systemdTool,
)

testAsRoot(
  'a supervisor that hangs is killed by the watchdog, and connections wait for the next one',
  async t => {
    const port = await freePort()
    const dir = projectFor(t, port)
    chmodSync(join(dir, '..'), 0o755)
    chownSync(dir, daemon, daemon)
    const init = runSaola(dir, ['init', 'systemd'], openProgram(t))
    assert.equal(init.code, 0, init.stderr + init.stdout)
    // Far longer than a supervisor that is well is kept from telling so by a busy machine.
    const systemd = await startUnits(t, dir, 'WatchdogSec=6\nTimeoutStopSec=2\nLimitCORE=0\n')
    done(systemd.systemctl('start', 'shop.service'))
    const before = await ask(port)
    done(systemd.systemctl('kill', '--kill-who=main', '--signal=SIGSTOP', 'shop.service'))
    const isReadyAgain = () => readFileSync(outputOf(dir), 'utf8').split('tree.ready').length > 2
    await until('it is restarted', isReadyAgain)
    assert.equal(systemd.show('shop.service', 'NRestarts'), '1')
    const after = await ask(port)
    assert.notEqual(after.supervisor, before.supervisor)
  },
  systemdTool,
)

test('the socket that the units promise is the one that the tree takes', async t => {
  const dir = projectFor(t, 8_123)
  const { code, stdout, stderr } = runSaola(dir, ['init', 'systemd'])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^shop\.service and shop\.socket: (?:valid \(systemd-analyze verify\)|not validated)/m)
  const socket = readFileSync(join(dir, 'deploy', 'systemd', 'shop.socket'), 'utf8')
  assert.match(socket, /^ListenStream=127\.0\.0\.1:8123$/m)
  const name = /^FileDescriptorName=(.+)$/m.exec(socket)?.[1] ?? ''
  const service = readFileSync(join(dir, 'deploy', 'systemd', 'shop.service'), 'utf8')
  const variables = [...service.matchAll(/^Environment=(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value])

  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle
  const tree = spawnTree(t, {
    dir,
    app: false,
    fds: [fd],
    env: { ...Object.fromEntries(variables), LISTEN_FDS: '1', LISTEN_FDNAMES: name },
    wrapper: ['sh', '-c', 'LISTEN_PID=$$ exec "$@"', 'sh'],
  })
  await tree.waitForEvent('tree.ready')
  server.close()
  assert.deepEqual(tree.listen, ['systemd:web'])
  assert.equal((await ask(port)).hits, 1)
})

test('the service is hardened as far as an application server can be', {
  skip: !hasAnalyze() && 'no systemd-analyze',
}, t => {
  const dir = projectFor(t, 8_123)
  runSaola(dir, ['init', 'systemd'])
  const unit = join(dir, 'deploy', 'systemd', 'shop.service')
  const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', unit], { encoding: 'utf8' })
  const exposure = Number(/exposure level for shop\.service: ([\d.]+)/.exec(stdout)?.[1])
  assert.ok(exposure < 2.5, `${exposure} of 10`)
})

function hasAnalyze(): boolean {
  return spawnSync('systemd-analyze', ['--version']).status === 0
}
