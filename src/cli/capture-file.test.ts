import assert from 'node:assert/strict'
import { mkdtempSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { saveCapture } from './capture-file.ts'

test('a device or a link is replaced by no file, not even with --force', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-capture-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const link = join(folder, 'link')
  symlinkSync('elsewhere', link)
  for (const output of ['/dev/null', '/dev/stdout', link]) {
    const taken = saveCapture({
      operation: 'heap',
      target: 'web:0',
      input: { target: 'web:0' },
      ending: 'heapsnapshot',
      options: { output, force: true },
      begun: () => '',
      taken: () => '',
    })
    await assert.rejects(taken, {
      code: 'ERR_FILE_NOT_WRITTEN',
      message: `Cannot write ${output} (no regular file). Choose another place with -o.`,
    })
  }
  assert.equal(readlinkSync(link), 'elsewhere')
})
