import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { StoreError } from '../src/store.ts'
import { storeFolder } from './support/store-script.ts'

test('a backup under full load is one point in time, and all processes see it restored', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const file = join(backupFolder(t), 'monday.db')
  await store.map('pairs').set('stop', false)
  const writer = folder.run(`
    for (let i = 1; store.map('pairs').peek('stop') === false; i++) {
      await Promise.all(Array.from({ length: 16 }, () => store.map('pairs').setMany([['left', i], ['right', i]])))
    }`)
  for await (const { field } of store.watch('pairs')) if (field === 'left') break
  await store.command('saola.backup', file)
  await store.map('pairs').set('stop', true)
  await writer
  assert.equal(statSync(file).mode & 0o777, 0o600)

  const before = await store.map<number>('pairs').getMany(['left', 'right'])
  await store.command('saola.restore', file)
  const [left, right] = await store.map<number>('pairs').getMany(['left', 'right'])
  assert.equal(left, right)
  assert.ok(Number(left) > 0 && Number(left) <= Number(before[0]), `${left} of ${before}`)
  assert.equal(
    await folder.run(`await store.counter('x').get(); print(String(store.map('pairs').peek('left')))`),
    String(left),
  )
})

test('a backup that was changed is refused, and nothing is changed by it', async t => {
  const folder = storeFolder(t)
  await using store = folder.open()
  const file = join(backupFolder(t), 'monday.db')
  await store.counter('n').set(7)
  await store.command('saola.backup', file)
  await store.counter('n').set(8)
  writeFileSync(file, 'garbage', { flag: 'r+' })
  await assert.rejects(
    store.command('saola.restore', file),
    (error: unknown) => error instanceof StoreError && error.code === 'STORE_SNAPSHOT_INVALID',
  )
  assert.equal(await store.counter('n').get(), 8)
})

function backupFolder(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), 'saola-backup-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
