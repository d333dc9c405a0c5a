import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { nodeImageOf } from './node-image.ts'
import { readProject } from './project.ts'

const cases: readonly (readonly [files: Readonly<Record<string, string>>, version: string, note?: RegExp])[] = [
  [{}, '24'],
  [{ '.nvmrc': 'v24.18.1\n' }, '24.18.1'],
  [{ '.nvmrc': '26' }, '26'],
  [{ '.nvmrc': 'lts/*\n' }, '24'],
  [{ '.nvmrc': 'v22.3.0' }, '24', /\.nvmrc asks for Node v22\.3\.0; Saola needs 24\.15/],
  [{ '.node-version': '24.3.0' }, '24', /\.node-version asks for Node 24\.3\.0/],
  [{ 'package.json': '{"engines":{"node":">=20"}}' }, '24'],
  [{ 'package.json': '{"engines":{"node":">=24.15 <27"}}' }, '24'],
  [{ 'package.json': '{"engines":{"node":"^26.1.0"}}' }, '26'],
  [{ 'package.json': '{"engines":{"node":"26.1.0"}}' }, '26.1.0'],
  [{ 'package.json': '{"engines":{"node":"20.x"}}' }, '24'],
  [{ '.nvmrc': '26', 'package.json': '{"engines":{"node":">=24"}}' }, '26'],
]

describe('the Node of an image', () => {
  for (const [files, version, note] of cases) {
    it(`of ${JSON.stringify(files)} is ${version}`, t => {
      const folder = mkdtempSync(join(tmpdir(), 'saola-image-'))
      t.after(() => rmSync(folder, { recursive: true }))
      for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
      const image = nodeImageOf(readProject(folder))
      assert.equal(image.version, version)
      if (note) assert.match(image.note ?? '', note)
      else assert.equal(image.note, undefined)
    })
  }
})
