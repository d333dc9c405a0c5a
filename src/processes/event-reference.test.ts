import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderEventReference } from './event-reference.ts'

test('the reference of events is up to date', () => {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'events.md')
  assert.equal(readFileSync(file, 'utf8'), renderEventReference(), 'Run: node scripts/reference.mjs')
})
