import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { until } from './until.ts'

/** Debian's nginx; undefined where it is not installed. */
export const nginxFile = ['/usr/sbin/nginx', '/usr/bin/nginx'].find(existsSync)

/**
 * nginx with its defaults, before an application that takes whatever nginx lets through: it answers with the head that it
 * got. Both listen on Unix sockets, and end with the test.
 *
 * @returns `unix:PATH` of nginx.
 */
export async function startNginx(t: TestContext): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'saola-nginx-'))
  const backend = await startBackend(t, join(dir, 'backend.sock'))
  mkdirSync(join(dir, 'logs'))
  writeFileSync(join(dir, 'nginx.conf'), configuration(dir, backend))
  const child = spawn(nginxFile ?? 'nginx', ['-p', dir, '-c', join(dir, 'nginx.conf')], { stdio: 'ignore' })
  t.after(() => end(child, dir))
  const path = join(dir, 'nginx.sock')
  await until('nginx listens', () => existsSync(path) || (child.exitCode === null ? false : failed(child)))
  return `unix:${path}`
}

function failed(child: ChildProcess): never {
  throw new Error(`nginx ended with ${child.exitCode}.`)
}

async function end(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(dir, { recursive: true, force: true })
}

function configuration(dir: string, backend: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    name => `${name}_temp_path ${dir}/${name};`,
  )
  return `
daemon off;
master_process off;
pid ${dir}/nginx.pid;
error_log ${dir}/error.log crit;
events {}
http {
  access_log off;
  ${temporary.join('\n  ')}
  server {
    listen unix:${dir}/nginx.sock;
    location / { proxy_pass http://unix:${backend}:; proxy_set_header Host $host; }
  }
}
`
}

async function startBackend(t: TestContext, path: string): Promise<string> {
  const open = new Set<Socket>()
  const server = createServer(socket => {
    open.add(socket)
    socket.on('close', () => open.delete(socket))
    socket.on('error', () => {})
    let received = ''
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
      if (isWhole(received)) socket.end(answer(received))
    })
  })
  t.after(() => {
    server.close()
    for (const socket of open) socket.destroy()
  })
  server.listen(path)
  await once(server, 'listening')
  return path
}

/** nginx sends every body with a length. */
function isWhole(received: string): boolean {
  const end = received.indexOf('\r\n\r\n')
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received)?.[1] ?? 0)
  return end >= 0 && received.length >= end + 4 + length
}

function answer(received: string): string {
  const body = JSON.stringify({ received })
  return `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
