import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

// Says what the folder for compiled code is in the process, and in a thread of it, and which variables that has.
const script = `
import { getCompileCacheDir } from 'node:module'
import { Worker } from 'node:worker_threads'
import { threadEnvironment } from ${JSON.stringify(join(import.meta.dirname, 'thread-environment.ts'))}
const code = "import { getCompileCacheDir as folder } from 'node:module'; import { parentPort } from 'node:worker_threads'; "
  + "parentPort.postMessage([folder() ?? null, Object.keys(process.env)])"
const thread = new Worker(code, { eval: true, env: threadEnvironment({ ONE: '1' }) })
thread.on('message', said => console.log(JSON.stringify([getCompileCacheDir() ?? null, ...said])))`

test('a thread finds compiled code where its process does, and has no other variable that it was not given', t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const [ofProcess, ofThread, variables] = said({ NODE_COMPILE_CACHE: folder })
  assert.ok(ofProcess?.startsWith(folder))
  assert.equal(ofThread, ofProcess)
  assert.deepEqual(variables.sort(), ['NODE_COMPILE_CACHE', 'ONE'])
})

test('where nothing compiled is kept, a thread has the variables that it was given', () => {
  assert.deepEqual(said({}), [null, null, ['ONE']])
})

function said(env: Record<string, string>): [string | null, string | null, string[]] {
  const args = ['--input-type=module', '-e', script]
  return JSON.parse(
    spawnSync(process.execPath, args, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).stdout,
  )
}
