import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stage, spec } from '../../../test/support/plan-stage.ts'
import type { Child } from '../fleet.ts'

/** What is said of a first worker that ends before it was ready. */
function reasonOf({ bootError, ...exit }: { code: number | null; stderr: string; bootError?: string }): string {
  const stage = new Stage()
  stage.happen({ type: 'start', specs: [spec] })
  const { id } = stage.starting()[0] as Child
  if (bootError !== undefined) stage.happen({ type: 'boot-failed', id, message: bootError, stack: '' })
  stage.happen({ type: 'exited', id, signal: exit.code === null ? 'SIGKILL' : null, ...exit })
  return stage.slot(0).lastExit?.reason ?? ''
}

describe('the reason of a child that ended before it said a word', () => {
  test('has its last line', () => {
    const stderr = '/usr/bin/node: bad option: --no-such-flag\n\n'
    assert.equal(
      reasonOf({ code: 9, stderr }),
      'exited with code 9 before it was ready: /usr/bin/node: bad option: --no-such-flag',
    )
  })

  test('has its error, when Node has printed one with all that belongs to it', () => {
    const stderr = [
      'node:internal/modules/run_main:107',
      `Error: Cannot find package 'tsx' imported from /srv/`,
      '    at Object.getPackageJSONURL (node:internal/modules/package_json_reader:301:9) {',
      `  code: 'ERR_MODULE_NOT_FOUND'`,
      '}',
      '',
      'Node.js v24.21.0',
    ].join('\n')
    assert.match(reasonOf({ code: 1, stderr }), /: Error: Cannot find package 'tsx' imported from \/srv\/$/)
  })

  test('is short without one', () => {
    assert.equal(reasonOf({ code: null, stderr: '' }), 'killed by SIGKILL before it was ready')
  })
})

test('a syntax error has its place, which only Node knows', () => {
  const stderr = `file:///srv/a.ts:1\nnoise\n\nfile:///srv/app.ts:3\nconst = 1\n      ^\n\nSyntaxError: Unexpected token '='\n    at x\n`
  const bootError = `Unexpected token '='`
  assert.equal(reasonOf({ code: 1, stderr, bootError }), `could not boot: ${bootError}, /srv/app.ts:3`)
  assert.equal(reasonOf({ code: 1, stderr: '/srv/app.ts:3\n', bootError }), `could not boot: ${bootError}`)
})

test('who has said why it cannot boot, and had to be killed, is known by what it said', () => {
  const stage = new Stage()
  stage.happen({ type: 'start', specs: [spec] })
  const child = stage.starting()[0] as Child
  stage.happen({ type: 'boot-failed', id: child.id, message: 'no such table', stack: '' })
  stage.pass(3_000)
  stage.exit(child, null, 'SIGKILL')
  assert.equal(stage.slot(0).lastExit?.reason, 'could not boot: no such table')
})
