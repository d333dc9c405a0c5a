import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { OpenFiles } from './open-files.ts'

test('a file that is let go of again and again, while it is being closed, too, is closed in the end', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-open-files-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const files = new OpenFiles()
  const path = join(folder, 'program.err')
  for (let i = 0; i < 20; i++) {
    const letGo = [0, 1].map(() => {
      const file = files.get(path)
      file.write('one\n')
      return files.release(file)
    })
    // The first of them is through, and the other is not.
    await Promise.race(letGo)
    const file = files.get(path)
    file.write('two\n')
    await Promise.all(letGo)
    await files.release(file)
  }
  assert.deepEqual(openIn(folder), [])
  assert.equal(readFileSync(path, 'utf8'), 'one\none\ntwo\n'.repeat(20))
})

test('a file that was used is closed also when its user fails', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-open-files-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const files = new OpenFiles()
  const failure = new Error('the stream broke')
  const used = files.use({ file: join(folder, 'cron.log') }, async file => {
    assert.ok(file)
    file?.write('one\n')
    await file?.flush(2_000)
    assert.equal(openIn(folder).length, 1)
    throw failure
  })
  await assert.rejects(used, failure)
  assert.deepEqual(openIn(folder), [])
  await files.use(undefined, async file => assert.equal(file, undefined))
})

/** What this process has open there. Linux only. */
function openIn(folder: string): string[] {
  if (process.platform !== 'linux') return []
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`)
      return path.startsWith(folder) ? [path] : []
    } catch {
      return []
    }
  })
}
