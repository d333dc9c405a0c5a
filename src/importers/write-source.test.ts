import assert from 'node:assert/strict'
import { test } from 'node:test'
import { code, entry, section, sectionOf } from './source.ts'
import { writeSource } from './write-source.ts'

function write(...entries: Parameters<typeof section>[0]): string {
  return writeSource({ comment: [], constants: [], config: section(entries) })
}

/** What is between the brackets of `defineConfig({…})`. */
function inside(...entries: Parameters<typeof section>[0]): string {
  return /defineConfig\(\{\n(.*)\n\}\)/s.exec(write(...entries))?.[1] ?? ''
}

test('a configuration imports what it needs, the modules of Node first', () => {
  const text = write(
    entry('name', code("env('NAME')", { name: 'env', from: 'saola' })),
    entry('apps', sectionOf({ web: sectionOf({ workers: code('cores()', { name: 'cores', from: 'node:os' }) }) })),
  )
  assert.equal(
    text,
    `import { cores } from 'node:os'
import { defineConfig, env } from 'saola'

export default defineConfig({
  name: env('NAME'),
  apps: {
    web: { workers: cores() },
  },
})
`,
  )
})

test('what has room stands on one line, and what is said about a setting behind or above it', () => {
  assert.equal(
    inside(
      entry('log', sectionOf({ file: 'a.log', maxBytes: 0 }), 'as it was'),
      entry('umask', '022', 'x'.repeat(120)),
      entry('apps', sectionOf({ web: sectionOf({ listen: ':80', workers: 2 }) })),
    ),
    `  log: { file: 'a.log', maxBytes: 0 }, // as it was
  // ${'x'.repeat(120)}
  umask: '022',
  apps: {
    web: {
      listen: ':80',
      workers: 2,
    },
  },`,
  )
})

test('a list that is too long has a line for each item, and a text stands below its key', () => {
  const words = Array.from({ length: 30 }, (_, index) => `word-${index}`)
  assert.match(inside(entry('words', words)), /^ {2}words: \[\n {4}'word-0',\n/)
  assert.equal(inside(entry('text', 'y'.repeat(115))), `  text:\n    '${'y'.repeat(115)}',`)
})

test('nothing that a file holds can end a text, a comment or a line', () => {
  const nasty = 'it\'s "\\ \n\r\t\u0007\u202e\u2028 `${x}` */'
  const text = inside(
    entry('nasty', nasty, 'a\nprocess.exit() \u2028 */'),
    entry('a key', "it's"),
    entry('__proto__', 1),
  )
  assert.equal(text.split('\n').length, 3)
  assert.doesNotMatch(text, /[^\n -~]/)
  assert.deepEqual(new Function(`return {${text}\n}`)(), { nasty, 'a key': "it's", ['__proto__']: 1 })
})
