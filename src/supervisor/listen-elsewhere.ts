import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ServerError } from '../base/errors.ts'
import type { ListenSocket } from './sockets.ts'

/**
 * Ends before its loop turns once, and so accepts nothing; what has failed is said in the tick before. `argv`: how many
 * descriptors, from 3 on, and the backlog.
 */
const script = `
const { createServer } = require('node:net')
const [count, backlog] = process.argv.slice(1).map(Number)
for (let index = 0; index < count; index++) {
  const server = createServer().on('error', error => {
    process.stderr.write(index + ' ' + error.message)
    process.exit(1)
  })
  server.listen({ fd: 3 + index, backlog })
}
process.nextTick(() => process.exit(0))`

const timeoutMs = 10_000
// The kernel's own limit for most machines; programs may ask for less with listen() of their own.
const backlog = 2048

/**
 * Makes bound sockets listen, in a process that then ends: whoever listens in Node also accepts, and a supervisor must never
 * take a connection. Programs that are given a socket expect that it listens already (sd_listen_fds(3)).
 *
 * @throws {ServerError} ERR_ADDRESS_UNAVAILABLE with what the system says.
 */
export async function listenElsewhere(sockets: readonly ListenSocket[]): Promise<void> {
  if (sockets.length === 0) return
  const child = spawn(process.execPath, ['-e', script, String(sockets.length), String(backlog)], {
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', ...sockets.map(({ fd }) => fd)],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    said += text
  })
  const [code] = await once(child, 'close')
  if (code === 0) return
  const [, index = '', reason] = /^(\d+) (.+)/s.exec(said) ?? []
  const label = sockets[Number(index)]?.label ?? sockets.map(({ label }) => label).join(', ')
  throw new ServerError('ERR_ADDRESS_UNAVAILABLE', `Cannot listen on ${label} (${reason ?? (said || 'no answer')}).`)
}
