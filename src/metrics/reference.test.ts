import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderMetricReference } from './reference.ts'

test('the reference of metrics is up to date', () => {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'metrics.md')
  assert.equal(readFileSync(file, 'utf8'), renderMetricReference(), 'Run: node scripts/reference.mjs')
})
