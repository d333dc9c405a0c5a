import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { LineLog } from './support/line-log.ts'
import { startTree, type Tree } from './support/tree.ts'

const files = { 'app.js': 'export default { fetch: () => new Response("served") }' }
const config = { name: 'shop', apps: { web: { app: './app.js', listen: '127.0.0.1:0', workers: 1, accessLog: false } } }

test('systemd is told when the tree is ready, reloads, and stops, and a watchdog of another process is none of ours', async t => {
  const systemd = await openNotifySocket(t)
  const watchdog = { WATCHDOG_USEC: '100000', WATCHDOG_PID: String(process.pid) }
  const tree = await startTree(t, { files, config, env: { NOTIFY_SOCKET: systemd.address, ...watchdog } })
  const ready = await systemd.next('READY=1')
  assert.match(ready, new RegExp(`(?:^| )MAINPID=${tree.pid}(?: |$)`))
  assert.match(ready, /STATUS=Serving web/)

  tree.signal('SIGHUP')
  // In microseconds on the clock that systemd compares it with.
  const since = Number(/MONOTONIC_USEC=(\d+)/.exec(await systemd.next('RELOADING=1'))?.[1])
  assert.ok(Math.abs(Number(process.hrtime.bigint()) / 1_000 - since) < 60e6, String(since))
  await systemd.next('READY=1')

  tree.signal('SIGTERM')
  await systemd.next('STOPPING=1')
  assert.equal((await tree.exit).code, 0)
  assert.deepEqual(
    systemd.received.filter(message => message.includes('WATCHDOG')),
    [],
  )
})

test('systemd is told that a reload is over also when it was refused, and of a stop by command', async t => {
  const systemd = await openNotifySocket(t)
  const tree = await startTree(t, { files, config, env: { NOTIFY_SOCKET: systemd.address } })
  await systemd.next('READY=1')
  writeFileSync(join(tree.dir, 'saola.config.json'), '{ "apps": {} }')
  tree.signal('SIGHUP')
  await systemd.next('RELOADING=1')
  await systemd.next('READY=1')
  await request(`unix:${tree.controlSocket}`, { method: 'POST', path: '/stop' })
  await systemd.next('STOPPING=1')
  assert.equal((await tree.exit).code, 0)
})

test('the watchdog of systemd is patted at half of its time', async t => {
  const systemd = await openNotifySocket(t, { isAbstract: true })
  const env = { NOTIFY_SOCKET: systemd.address, WATCHDOG_USEC: '1000000' }
  const startedAt = performance.now()
  const tree = await startTree(t, { files, config, env })
  for (let count = 0; count < 3; count++) await systemd.next('WATCHDOG=1')
  assert.ok(performance.now() - startedAt > 1_400, 'three times, half a second apart')
  assert.deepEqual(tree.events('systemd.trouble'), [])
})

test('without systemd-notify the tree serves on, and says so once', async t => {
  const env = { NOTIFY_SOCKET: '/run/nobody', WATCHDOG_USEC: '100000', PATH: '/nowhere' }
  const tree = await startTree(t, { files, config, env })
  const { message } = await tree.waitForEvent('systemd.trouble')
  assert.match(String(message), /^systemd-notify cannot be run: .*ENOENT/)
  await reload(tree)
  assert.equal((await request(tree.url)).status, 200)
  assert.equal((await tree.stop()).code, 0)
  assert.equal(tree.events('systemd.trouble').length, 1)
})

async function reload(tree: Tree): Promise<void> {
  const done = tree.waitForEvent('reload.done', {}, { since: tree.lines.length })
  tree.signal('SIGHUP')
  await done
}

interface NotifySocket {
  /** For NOTIFY_SOCKET. */
  readonly address: string
  /** Each message, its lines in one. */
  readonly received: readonly string[]
  /** The next message with this in it, after the last one that was asked for. */
  next(state: string): Promise<string>
}

// Node has no datagram sockets with a path; Perl is on every Debian.
const receiver = `
socket(S, PF_UNIX, SOCK_DGRAM, 0) or die $!;
bind(S, pack_sockaddr_un($ARGV[0] =~ s/^@/\\0/r)) or die $!;
$| = 1;
print "bound\\n";
while (defined recv(S, $message, 8192, 0)) { $message =~ s/\\n/ /g; print "$message\\n" }
`

async function openNotifySocket(t: TestContext, { isAbstract = false } = {}): Promise<NotifySocket> {
  const dir = mkdtempSync(join(tmpdir(), 'saola-notify-'))
  const address = isAbstract ? `@${dir}/notify` : join(dir, 'notify.sock')
  const perl = spawn('perl', ['-MSocket', '-e', receiver, address], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => {
    perl.kill()
    rmSync(dir, { recursive: true, force: true })
  })
  const log = new LineLog()
  log.read(perl.stdout)
  perl.once('close', () => log.close())
  await log.waitFor('bound', line => line === 'bound' || undefined)
  let from = 0
  return {
    address,
    received: log.lines,
    next: state =>
      log.waitFor(
        state,
        line => {
          if (!line.split(' ').includes(state)) return undefined
          from = log.lines.indexOf(line, from) + 1
          return line
        },
        { since: from },
      ),
  }
}
