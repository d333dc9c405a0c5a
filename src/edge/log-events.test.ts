import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { edgeLogEvents } from './log-events.ts'

/** `log.warn('edge.file.refused', { file, error: … })`, on one line or several. */
const call = /\b(?:log|logger)\??\.(debug|info|warn|error)\(\s*(?:'([^']*)'|([^)]*))(?:,\s*\{([^}]*)\})?/g

interface Logged {
  readonly name: string
  readonly level: string
  /** Undefined where the code does not name them one by one. */
  readonly fields: readonly string[] | undefined
}

const logged = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .flatMap(file => [...readFileSync(join(import.meta.dirname, file), 'utf8').matchAll(call)])
  .map(([text, level = '', name, computed, fields = '']): Logged => {
    assert.ok(name, `${text} expected a name that can be found: ${computed}`)
    return { name, level, fields: fieldsOf(fields) }
  })

test('every event that the edge logs is in the table, and nothing else is', () => {
  const names = Object.keys(edgeLogEvents)
  assert.deepEqual(names.toSorted(), [...new Set(logged.map(({ name }) => name))].toSorted())
  for (const name of names) assert.match(name, /^edge(?:\.[a-z\d]+(?:-[a-z\d]+)*)+$/)
})

test('the table has the level and the fields of every event', () => {
  for (const { name, level, fields } of logged) {
    assert.equal(edgeLogEvents[name]?.level, level, name)
    if (fields) assert.deepEqual(edgeLogEvents[name]?.fields.toSorted(), fields.toSorted(), name)
  }
})

function fieldsOf(text: string): string[] | undefined {
  if (text.includes('...')) return undefined
  return text.split(',').flatMap(part => /^\s*(\w+)\s*(?::|$)/.exec(part)?.[1] ?? [])
}
