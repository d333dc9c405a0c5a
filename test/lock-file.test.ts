import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { root } from './support/tree.ts'

test('the lock file has the packages of every platform, so that npm ci takes it on each', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'scripts', 'lock-file.mjs')], { encoding: 'utf8' })
  assert.equal(stderr, '')
  assert.equal(status, 0)
})
