import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { rotate } from './rotate.ts'

/** A folder with a full log and this many backups of it; each holds its number. */
async function logWith(t: TestContext, backups: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'saola-log-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const path = join(folder, 'web.log')
  await writeFile(path, '0')
  for (let n = 1; n <= backups; n++) await writeFile(`${path}.${n}`, String(n))
  return path
}

/** What is in the backups of a log, the youngest first; nothing where a number is free. */
async function backupsOf(path: string): Promise<string[]> {
  const names = await readdir(join(path, '..'))
  const last = Math.max(...names.map(name => Number(name.slice('web.log.'.length))))
  return Promise.all(
    Array.from({ length: last }, (_, index) => readFile(`${path}.${index + 1}`, 'utf8').catch(() => '')),
  )
}

test('each backup moves on by one, and the one beyond the limit goes', async t => {
  const path = await logWith(t, 3)
  await rotate(path, 3)
  assert.deepEqual(await backupsOf(path), ['0', '1', '2'])
})

for (const renames of [1, 2, 3]) {
  test(`a rotation that was killed after ${renames} of its 4 renames has lost no file, nor does the next one`, async t => {
    const path = await logWith(t, 3)
    for (let n = 3; n > 3 - renames; n--) await rename(`${path}.${n}`, `${path}.${n + 1}`)
    await rotate(path, 4)
    assert.deepEqual(await backupsOf(path), ['0', '1', '2', '3'])
  })
}
