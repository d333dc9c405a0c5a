import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Audit } from './audit.ts'

test('what is under way when the process ends is written as begun, once', () => {
  const lines: unknown[] = []
  const audit = new Audit((level, event, { action, ok, error }) => lines.push([level, event, action, ok, error]))
  const deed = { user: 'ann', address: '::1', target: undefined }
  audit.begin({ ...deed, action: 'scale' })()
  audit.begin({ ...deed, action: 'stop' })('no')
  const end = audit.begin({ ...deed, action: 'reload' })
  audit.close()
  end()
  assert.deepEqual(lines, [
    ['info', 'dashboard.action', 'scale', true, undefined],
    ['warn', 'dashboard.action', 'stop', false, 'no'],
    ['warn', 'dashboard.action', 'reload', 'unknown', 'the dashboard was replaced before it ended'],
  ])
})
