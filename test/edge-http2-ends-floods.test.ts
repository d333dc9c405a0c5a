/** Floods and memory bombs of HTTP/2, in TLS: each connection ends, in time, with bounded memory and work, and others are served. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fairMs } from './support/busy-machine.ts'
import { request } from './support/http-connection.ts'
import { http2Attacks } from './support/http2-attacks.ts'
import { FrameConnection } from './support/http2-frames.ts'
import { startTree } from './support/tree.ts'

const app = `
let handled = 0
export default (req, res) => {
  if (req.url === '/handled') return res.end(String(handled))
  handled++
  if (req.url === '/upload') req.resume().on('end', () => res.end())
  else if (req.url === '/large') res.end(Buffer.alloc(1_000_000))
  else if (req.url !== '/never') res.end('served')
}
`
const isLinux = process.platform === 'linux'
const mebibyte = 1024 * 1024

test('every attack ends by itself, in time, and costs little', async t => {
  const edge = { http2: { keepAlive: '300ms', streamIdleTimeout: '300ms' }, limits: { headerTimeout: '300ms' } }
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, tls: 'self-signed', edge }
  const tree = await startTree(t, { files: { 'app.mjs': app }, config: { apps: { web } } })
  const port = Number(new URL(tree.url).port)
  const handled = async () => Number((await request(tree.url, { path: '/handled' })).body)
  const { children } = await tree.status()
  const pid = children.find(({ name }) => name === 'web:0')?.pid ?? 0
  await handled()
  const before = costOf(pid)
  for (const [name, { attack, codes }] of Object.entries(http2Attacks)) {
    const [handledBefore, startedAt] = [await handled(), performance.now()]
    const client = new FrameConnection(port, { isTls: true })
    t.after(() => client.close())
    await attack(client)
    const code = await client.goawayCode()
    assert.ok(client.isClosed && performance.now() - startedAt < fairMs(5_000), `${name}: ended in time`)
    // What closes a connection with bytes unread resets it: its last GOAWAY may not arrive.
    assert.ok(code === undefined || codes.includes(code), `${name}: GOAWAY with ${code}`)
    const calls = (await handled()) - handledBefore
    assert.ok(calls <= 400, `${name}: ${calls} calls of the application`)
  }
  const after = costOf(pid)
  const grown = Math.round((after.peakBytes - before.peakBytes) / mebibyte)
  t.diagnostic(`all attacks: ${grown} MB, ${after.cpuMs - before.cpuMs} ms`)
  assert.ok(grown < 150, `memory grew by ${grown} MB`)
  assert.ok(after.cpuMs - before.cpuMs < 6_000, `${after.cpuMs - before.cpuMs} ms of work`)
  assert.deepEqual(tree.events('worker.exited'), [])
})

/** The most memory that a process has had, and its work, in ticks of 10 ms. Zeros where there is no /proc. */
function costOf(pid: number): { readonly peakBytes: number; readonly cpuMs: number } {
  if (!isLinux) return { peakBytes: 0, cpuMs: 0 }
  const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ')
    .slice(11, 13)
  return { peakBytes: Number(peak) * 1024, cpuMs: (Number(user) + Number(system)) * 10 }
}
