import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { freePort } from './support/free-port.ts'
import { request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'
import { until } from './support/until.ts'

/** Serves on its first socket when it is let; what it says is how it was started. */
const server = `
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
const { LISTEN_FDS, LISTEN_PID, LISTEN_FDNAMES } = process.env
while (!existsSync('may-serve')) await setTimeout(20)
const servers = Array.from({ length: Number(LISTEN_FDS) }, (_, i) => {
  const answer = JSON.stringify({ fd: 3 + i, pid: process.pid, LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES })
  return createServer((req, res) => res.end(answer)).listen({ fd: 3 + i })
})
// It answers what it has accepted, and leaves the rest to the next.
process.on('SIGTERM', () => servers.forEach(server => server.close()))`

test('a connection made before a program is up, or while it restarts, waits and is served', async t => {
  const port = await freePort()
  const tree = await startTree(t, {
    files: { 'server.mjs': server },
    config: {
      programs: {
        legacy: {
          command: [process.execPath, 'server.mjs'],
          listen: [`127.0.0.1:${port}`, 'unix:./legacy.sock'],
          startSeconds: 0,
        },
      },
    },
  })
  const url = `http://127.0.0.1:${port}`
  const [early, other] = [request(url), request(`unix:${join(tree.dir, 'legacy.sock')}`)]
  writeFileSync(join(tree.dir, 'may-serve'), '')
  const first = JSON.parse(String((await early).body)) as { fd: number; pid: number }
  assert.deepEqual(first, {
    fd: 3,
    pid: first.pid,
    LISTEN_PID: String(first.pid),
    LISTEN_FDS: '2',
    LISTEN_FDNAMES: 'legacy:legacy',
  })
  assert.equal(JSON.parse(String((await other).body)).fd, 4)

  // From now on one connection after the other, each answered.
  const served = new Set<number>()
  let isOver = false
  const load = (async () => {
    while (!isOver) served.add(JSON.parse(String((await request(url)).body)).pid)
  })()
  await tree.control('restart', { target: 'legacy' })
  const second = (await tree.status()).children[0]?.pid ?? 0
  await until('the new one serves', () => served.has(second))
  isOver = true
  await load
  assert.deepEqual([...served], [first.pid, second])
})
