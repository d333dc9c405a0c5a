import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { codeOf } from '../base/errors.ts'
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

/** As a server leaves it that was killed. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => console.log('here'))`
  const server = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(server.stdout, 'data')
  server.kill('SIGKILL')
  await once(server, 'exit')
}
