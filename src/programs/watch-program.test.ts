import assert from 'node:assert/strict'
import { once } from 'node:events'
import net, { type AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { until } from '../../test/support/until.ts'
import { programOptions } from './options.ts'
import { Turnstile } from './turnstile.ts'
import { watchProgram } from './watch-program.ts'

function watch(options: object) {
  const { ready, health } = programOptions.parse({ command: 'x', ...options })
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const told: string[] = []
  const program = {
    ...{ index: 3, pid: 1, stdout, stderr },
    onReady: () => told.push('ready'),
    onWaiting: (reason: string) => told.push(`waiting: ${reason}`),
    onUnhealthy: (reason: string) => told.push(`unhealthy: ${reason}`),
  }
  const launch = {
    ...{ argv: ['x'], cwd: '/', env: process.env, uid: undefined, gid: undefined, umask: 0o27 },
    ...{ stdin: { text: 'x' }, mergesStderr: false, sockets: [] },
  }
  const fill = (text: string) => text.replaceAll('{instance}', '3')
  const looks = { ready, health, fill, launch, turnstile: new Turnstile(), random: () => 0 }
  return { told, stdout, stderr, watch: watchProgram(program, looks) }
}

const hasTold = (told: readonly string[], what: string) => until(what, () => told.includes(what))

test('without a question nothing is said', async () => {
  const { told, watch: look } = watch({})
  look.serves()
  look.end()
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(told, [])
})

test('a line of its output makes it ready, once', async () => {
  const { told, stderr } = watch({ ready: { log: 'up and running' } })
  await hasTold(told, 'waiting: no line with "up and running" yet')
  stderr.write('now up and running\nup and running\n')
  await hasTold(told, 'ready')
  assert.equal(told.length, 2)
})

test('a port makes it ready as soon as somebody accepts, and its health counts when it serves', async t => {
  const server = net.createServer(socket => socket.destroy())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const tcp = `127.0.0.1:${port}`
  const { told, watch: look } = watch({
    ready: { tcp, every: '10ms' },
    health: { tcp, every: '20ms', failures: 2 },
  })
  t.after(() => look.end())
  await hasTold(told, `waiting: connection refused at ${tcp}`)
  const again = net.createServer(socket => socket.destroy()).listen(port, '127.0.0.1')
  await hasTold(told, 'ready')
  look.serves()
  again.close()
  await hasTold(told, `unhealthy: connection refused at ${tcp} (2 checks in a row)`)
  assert.equal(told.length, 3)
})

test('a command is asked in the place of the instance, with the rights of the program', async t => {
  const { told, watch: look } = watch({
    ready: { command: ['/bin/sh', '-c', 'test "$0 $(pwd) $(umask)" = "x3 / 0027"', 'x{instance}'], every: '10ms' },
  })
  t.after(() => look.end())
  await hasTold(told, 'ready')
})

test('after its end nothing is said', async () => {
  const { told, watch: look, stdout } = watch({ ready: { log: 'up' } })
  look.end()
  stdout.write('up\n')
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(told, [])
})
