import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { CaptureSpool } from './capture-spool.ts'

test('what is written is read again in pieces, and no file can be seen meanwhile', t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const spool = new CaptureSpool(folder)
  spool.write('für ')
  spool.write('alle')
  assert.deepEqual(readdirSync(folder), [])
  assert.equal(spool.bytes, 9)
  const pieces = [spool.read(4), spool.read(4), spool.read(4), spool.read(4)]
  assert.deepEqual(
    pieces.map(piece => piece.length),
    [4, 4, 1, 0],
  )
  assert.equal(Buffer.concat(pieces).toString(), 'für alle')
  spool.close()
})

test('a folder that cannot be written is named, with what to do', () => {
  assert.throws(() => new CaptureSpool('/nowhere'), /cannot write to \/nowhere \(ENOENT\).*another TMPDIR/)
})
