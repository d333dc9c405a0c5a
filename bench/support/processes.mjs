// Starts and ends what is measured. Everything runs in a process group of its own and is ended by it, also when the
// benchmark fails or is interrupted.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import tls from 'node:tls'

const groups = new Set()

process.on('exit', () => {
  for (const pid of groups) signalGroup(pid, 'SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))

/** Starts a command; `stop()` ends it and all that it started. */
export function start(command, args, options = {}) {
  const child = spawn(command, args, { stdio: 'ignore', detached: true, ...options })
  groups.add(child.pid)
  const ended = once(child, 'exit').catch(() => {})
  return {
    child,
    pid: child.pid,
    async stop(signal = 'SIGTERM') {
      signalGroup(child.pid, signal)
      const timer = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 5_000)
      await ended
      clearTimeout(timer)
      signalGroup(child.pid, 'SIGKILL')
      groups.delete(child.pid)
    },
  }
}

/** Runs a command to its end and returns what it printed. */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
  let output = ''
  child.stdout.on('data', chunk => {
    output += chunk
  })
  child.stderr.on('data', chunk => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output.slice(-2000)}`)
  return output
}

function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal)
  } catch {
    // It is gone.
  }
}

/** A port that is free now. */
export async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/**
 * Resolves when the port answers a request, with `isTls` one over TLS; returns how long that took from the call, in
 * milliseconds.
 */
export async function untilAnswering(port, { timeoutMs = 60_000, everyMs = 1, isTls = false } = {}) {
  const startedAt = performance.now()
  while (performance.now() - startedAt < timeoutMs) {
    if (await answers(port, isTls)) return performance.now() - startedAt
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
  throw new Error(`Nothing answered on port ${port} within ${timeoutMs} ms.`)
}

function answers(port, isTls) {
  return new Promise(resolve => {
    const at = { port, host: '127.0.0.1' }
    const socket = isTls ? tls.connect({ ...at, rejectUnauthorized: false }) : net.connect(at)
    const done = result => {
      socket.destroy()
      resolve(result)
    }
    socket.once('connect', () => socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'))
    socket.once('data', () => done(true))
    socket.once('error', () => done(false))
    socket.once('close', () => done(false))
  })
}
