import assert from 'node:assert/strict'
import { test } from 'node:test'
import { locateKeys } from './locate-keys.ts'

function lines(source: string, count: number) {
  const { apps, others } = locateKeys(source, count)
  return {
    apps: apps.map(({ line, keys }) => ({ line, ...Object.fromEntries(keys) })),
    others: Object.fromEntries(others),
  }
}

test('the lines of keys are found in a literal, whatever stands around and between them', () => {
  const source = `// apps: [{ no: 1 }]
const { a } = require('./a') /* apps: [ */
const pattern = /[{'"]/
module.exports = {
  "apps": [
    {
      name: \`t{\${'}'}\`, script: 'a.js', // args: 'x'
      env: { name: 'not this one',
        PORT: 1 },
      'watch': ['{', a, /x{1}/],
    }, {
      script: "b:c.js",
      name: 'b' }
  ],
  deploy: { apps: 1 },
}`
  assert.deepEqual(lines(source, 2), {
    apps: [
      { line: 6, name: 7, script: 7, env: 8, watch: 10 },
      { line: 11, script: 12, name: 13 },
    ],
    others: { apps: 5, deploy: 15 },
  })
})

test('a list and a single application have lines, too', () => {
  assert.deepEqual(lines('[\n{ "name": "a" },\n{ "name": "b" }]', 2).apps, [
    { line: 2, name: 2 },
    { line: 3, name: 3 },
  ])
  assert.deepEqual(lines('{\n  "script": "a.js"\n}', 1).apps, [{ line: 1, script: 2 }])
})

test('what is no literal has no lines, rather than wrong ones', () => {
  for (const source of [
    "module.exports = { apps: ['a', 'b'].map(name => ({ name, script: 'x' })) }",
    'module.exports = { apps: [one, { name: 2 }] }',
    'export const apps = names.map(create)',
    "module.exports = require('./other')",
    '{'.repeat(90_000),
    `${' '.repeat(100_001)}module.exports = { apps: [{ a: 1 }, { b: 1 }] }`,
    '',
  ]) {
    assert.deepEqual(lines(source, 2).apps, [], source.slice(0, 40))
  }
})
