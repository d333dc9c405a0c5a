import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeFolder } from './make-folder.ts'

test('a folder is made with all that is missing above it, by several at once, too', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const deep = join(folder, 'a', 'b', 'c')
  await Promise.all([makeFolder(deep, 0o700), makeFolder(deep, 0o700), makeFolder(deep, 0o700)])
  assert.equal(statSync(deep).mode & 0o777, 0o700)
})

test('the first folder that cannot be made is the end of it', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'file'), '')
  await assert.rejects(makeFolder(join(folder, 'file', 'a')), { code: 'ENOTDIR' })
  await assert.rejects(makeFolder('/proc/saola/a'), { code: process.platform === 'linux' ? 'ENOENT' : /./ })
})
