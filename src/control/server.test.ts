import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { until } from '../../test/support/until.ts'
import { codeOf } from '../base/errors.ts'
import { lockPath } from '../base/process-lock.ts'
import type { OperationHandlers } from './operations.ts'
import { openControl } from './server.ts'

test('of those that find a stale socket at once, one replaces it, and the others are refused', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'control.sock')
  await leaveStaleSocket(path)
  const opened = await Promise.allSettled(Array.from({ length: 6 }, () => openControl(path, {} as OperationHandlers)))
  const servers = opened.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  t.after(() => {
    for (const server of servers) server.close()
  })
  const codes = opened.flatMap(one => (one.status === 'rejected' ? [codeOf(one.reason)] : []))
  assert.equal(servers.length, 1)
  assert.deepEqual(codes, Array(5).fill('ERR_ALREADY_RUNNING'))
})

test('who holds the lock and does not answer is waited for: it is about to end', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const path = join(folder, 'control.sock')
  const lock = await lockPath(path)
  const opening = openControl(path, {} as OperationHandlers)
  lock?.release()
  const server = await opening
  t.after(() => server.close())
  assert.equal(server.path, path)
})

/** As a server leaves it that was killed. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('here'))`
  const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(server.stdout, 'data')
  server.kill('SIGKILL')
  await once(server, 'exit')
}

test('a client that does not read its lines is sent no more, and goes on when he reads', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  let sent = 0
  const text = 'x'.repeat(10_000)
  const events: OperationHandlers['events'] = (_input, { send, room, end }) => {
    const run = async () => {
      for (; sent < 2_000; sent++) {
        send({ time: '', event: text })
        await room()
      }
      end()
    }
    void run()
    return () => {}
  }
  const server = await openControl(join(folder, 'control.sock'), { events } as unknown as OperationHandlers)
  t.after(() => server.close())
  const client = connect(server.path)
  client.write('GET /events HTTP/1.1\r\nHost: control\r\nConnection: close\r\n\r\n')
  let seen = -1
  // Nothing has to happen any more once the buffers are full.
  await until('it has stopped to send', () => {
    const isStill = sent > 0 && sent === seen
    seen = sent
    return isStill
  })
  assert.ok(sent < 200, `${sent} lines of 10 KB in buffers`)
  client.resume()
  await once(client, 'close')
  assert.equal(sent, 2_000)
})
