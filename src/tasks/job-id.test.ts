import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newJobId } from './job-id.ts'

test('ids are distinct, sort as they were made, and tell their time', () => {
  const ids = Array.from({ length: 5_000 }, () => newJobId(1_700_000_000_000))
  assert.equal(new Set(ids).size, ids.length)
  assert.deepEqual(ids.toSorted(), ids)
  assert.ok(ids.every(id => /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(id)))
  assert.equal(ids[0]?.slice(0, 10), '01HF7YAT00')
  assert.ok(newJobId(1_700_000_000_001) > String(ids.at(-1)))
})
