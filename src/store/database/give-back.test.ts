import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { giveBack } from './give-back.ts'
import { Keyspace } from './keyspace.ts'
import { openDatabase } from './open-database.ts'

test('what deleted values have left is given back in slices, down to a quarter of the file', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-give-back-'))
  const opened = await openDatabase({ dir, durability: 'memory', maxBytes: 0, log: () => {} })
  t.after(async () => {
    await opened.close()
    rmSync(dir, { recursive: true, force: true })
  })
  const { database } = opened
  const keyspace = new Keyspace(database, { isOwner: true })
  const count = (name: string) => Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0])
  const checkpoint = () => database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  assert.equal(giveBack(keyspace), false)

  database.exec('BEGIN')
  const insert = database.prepare('INSERT INTO keys (name, type, id, size, value) VALUES (?, 1, 0, 0, zeroblob(4000))')
  for (let i = 0; i < 8_000; i++) insert.run(Buffer.from(`key-${i}`))
  database.exec("COMMIT; DELETE FROM keys WHERE name < CAST('key-7' AS BLOB)")
  checkpoint()
  const sizeBefore = statSync(join(dir, 'store.db')).size
  const left = database.prepare('SELECT count(*) AS n FROM keys').get()?.n

  let slices = 1
  while (giveBack(keyspace)) slices++
  checkpoint()
  assert.ok(slices > 1)
  assert.ok(count('freelist_count') <= count('page_count') / 4 || count('freelist_count') <= 1000)
  assert.ok(statSync(join(dir, 'store.db')).size < sizeBefore / 2)
  assert.equal(database.prepare('SELECT count(*) AS n FROM keys').get()?.n, left)
  assert.deepEqual({ ...database.prepare('PRAGMA quick_check').get() }, { quick_check: 'ok' })
})
