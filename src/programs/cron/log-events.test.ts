import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { cronLogEvents } from './log-events.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const files = [...globSync('src/programs/cron/**/*.ts', { cwd: root }), 'src/processes/supervise.ts']
const source = files
  .filter(file => !file.endsWith('.test.ts') && !file.endsWith('log-events.ts'))
  .map(file => readFileSync(join(root, file), 'utf8'))
  .join('\n')

test('every event of cron in the code is in the table with its level, and nothing else is', () => {
  const logged = [...source.matchAll(/(?:\blog\(turn, '(\w+)', |\blog\.(\w+)\()'(cron\.[\w-]+)'/g)]
  const levels = new Map(logged.map(([, level, method, name]) => [name, level ?? method]))
  const expected = Object.entries(cronLogEvents).map(([name, { level }]) => [name, level])
  assert.deepEqual([...levels].toSorted(), expected.toSorted())
  assert.equal([...source.matchAll(/'cron\.[\w-]+'/g)].filter(([text]) => text !== "'cron.json'").length, logged.length)
})
