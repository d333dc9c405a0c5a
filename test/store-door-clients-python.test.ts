import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { runAgainstBoth } from './support/door.ts'
import { waitTimeoutMs } from './support/http-connection.ts'

// Debian's own, which has the package python3-redis.
const python = '/usr/bin/python3'
const script = join(import.meta.dirname, 'support', 'door-session.py')
const run = promisify(execFile)

test('redis-py finds what it expects, with every type', async t => {
  await runAgainstBoth(t, async path => {
    const { stdout } = await run(python, [script, path], { timeout: waitTimeoutMs })
    assert.equal(stdout, 'done\n')
  })
})
