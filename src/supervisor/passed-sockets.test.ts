import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { notePassedSockets } from './passed-sockets.ts'
import { openSockets } from './sockets.ts'

test('the pipe to a child of our own is no socket that was passed', async t => {
  notePassedSockets()
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  const { fd } = (child.stdin as unknown as { readonly _handle: { readonly fd: number } })._handle
  await assert.rejects(
    openSockets({ kind: 'fd', fd }),
    /^ServerError: Cannot listen on fd:\/\/\d+ \(no socket of this number was passed to this process\)\.$/,
  )
})
