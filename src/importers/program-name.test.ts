import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ProgramNames } from './program-name.ts'

test('a name becomes the nearest one that is allowed', () => {
  const names = new ProgramNames()
  const cases = [
    ['web', 'web'],
    ['my app.v2', 'my-app-v2'],
    ['@shop/api', 'shop-api'],
    ['2nd_worker', 'nd_worker'],
    ['Größe', 'Gro-e'],
    ['日本', 'program'],
    ['a'.repeat(50), 'a'.repeat(32)],
  ] as const
  for (const [wanted, name] of cases) assert.equal(names.choose(wanted), name)
})

test('two of the same name, and names of Saola itself, get a number', () => {
  const names = new ProgramNames()
  assert.deepEqual(
    ['web', 'web', 'web', 'store', 'b'.repeat(40), 'b'.repeat(41)].map(name => names.choose(name)),
    ['web', 'web-2', 'web-3', 'store-2', 'b'.repeat(32), `${'b'.repeat(30)}-2`],
  )
})
