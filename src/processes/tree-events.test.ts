import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { isTreeEvent, renderTreeEventReference } from './tree-events.ts'

test('the reference of events of a tree is up to date', () => {
  const file = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'tree-events.md')
  assert.equal(readFileSync(file, 'utf8'), renderTreeEventReference(), 'Run: node scripts/reference.mjs')
})

test('events of the tree as a whole are told, and what single processes log is not', () => {
  for (const name of ['tree.ready', 'reload.refused', 'cron.started', 'log.dropped']) assert.ok(isTreeEvent(name), name)
  for (const name of ['worker.ready', 'program.exited', 'tree', 'toString', 'constructor.x', 'edge.failed'])
    assert.ok(!isTreeEvent(name), name)
})
