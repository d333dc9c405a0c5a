import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openOutput } from './open-output.ts'

test('a pretty log in a file is not a person at a terminal, who would be shown an address that signs in', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-output-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const wasTerminal = Object.getOwnPropertyDescriptor(process.stdout, 'isTTY')
  t.after(() => Object.defineProperty(process.stdout, 'isTTY', wasTerminal ?? { value: undefined, configurable: true }))
  const options = { level: 'info', format: 'pretty', maxBytes: 0, backups: 0 } as const
  const isTerminal = async (file: string, isTTY: boolean) => {
    Object.defineProperty(process.stdout, 'isTTY', { value: isTTY, configurable: true })
    const { files, ...opened } = openOutput({ ...options, file })
    await files.closeAll(1_000)
    return opened.isTerminal
  }
  assert.equal(await isTerminal('-', true), true)
  assert.equal(await isTerminal('-', false), false)
  assert.equal(await isTerminal(join(folder, 'log'), true), false)
})
