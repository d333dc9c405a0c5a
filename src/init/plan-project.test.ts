import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { planProject } from './plan-project.ts'
import { readProject } from './project.ts'

test('arguments that a start script gives its application are named, as a configuration has no place for them', t => {
  const folder = mkdtempSync(join(tmpdir(), 'saola-plan-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'server.js'), '')
  const notesOf = (start: string, configFile?: string) => {
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { start } }))
    const nothing = { supervisor: [], pm2: [], gunicorn: [] }
    const source = { project: readProject(folder), configFile, app: undefined, version: '1.0.0', importKinds: nothing }
    return planProject(source).notes.filter(note => note.includes('arguments'))
  }
  assert.deepEqual(notesOf('node server.js'), [])
  assert.deepEqual(notesOf('node server.js --port 80 prod'), [
    'scripts.start gives ./server.js arguments, which Saola does not: --port 80 prod. Let it read them from its environment.',
  ])
  assert.deepEqual(notesOf('node server.js prod', 'saola.config.ts'), [])
})
