import assert from 'node:assert/strict'
import { test } from 'node:test'
import { blankOut, scanImports } from './imports.ts'

function specifiers(source: string): string[] {
  return scanImports(source).map(found => found.specifier)
}

test('every form of import and re-export is found', () => {
  const source = [
    "import 'a'",
    "import b from 'b'",
    "import * as c from 'c'",
    'import d, { type D, e as f } from "d"',
    "import {\n  g,\n  h,\n} from 'g'",
    "export * from 'i'",
    "export * as j from 'j'",
    "export { k, l } from 'k'",
    "import type from 'm'",
    "import n from 'n' with { type: 'json' }",
  ].join('\n')
  assert.deepEqual(specifiers(source), ['a', 'b', 'c', 'd', 'g', 'i', 'j', 'k', 'm', 'n'])
  assert.ok(scanImports(source).every(found => !found.isTypeOnly && !found.isDynamic))
})

test('type-only and dynamic imports are told apart, with their line', () => {
  const source = "import type { A } from './a.ts'\nexport type { B } from './b.ts'\nconst c = await import('./c.ts')\n"
  assert.deepEqual(scanImports(source), [
    { specifier: './a.ts', isTypeOnly: true, isDynamic: false, line: 1 },
    { specifier: './b.ts', isTypeOnly: true, isDynamic: false, line: 2 },
    { specifier: './c.ts', isTypeOnly: false, isDynamic: true, line: 3 },
  ])
})

test('what only looks like an import is none', () => {
  const source = [
    "// import a from 'a'",
    "/* import b from 'b'\n */",
    'const text = "import c from \'c\'"',
    "const template = `import d from 'd' ${'e'} import f from 'f'`",
    "const pattern = /import g from 'g'[/'\"]/",
    "export const from = 'h'",
    "export default 'i'",
    "object.imported = 'j'",
  ].join('\n')
  assert.deepEqual(specifiers(source), [])
})

test('an import inside a template is found', () => {
  assert.deepEqual(specifiers("`a ${`b ${await import('./c.ts')} d`} { e`\nimport 'f'"), ['./c.ts', 'f'])
})

test('the first line of a command is not code', () => {
  assert.deepEqual(specifiers("#!/usr/bin/env node\nimport 'a'"), ['a'])
})

test('a division is not read as a regular expression', () => {
  assert.deepEqual(specifiers("const half = total / 2 // '\nconst x = (a) / b[0] / 3\nimport 'a'"), ['a'])
})

test('positions and line breaks stay when text is blanked out', () => {
  const source = "const a = 'b' // c\n/* d\n */ return /e'/.test(`f\n${g}`)"
  assert.equal(blankOut(source), "const a = ' '     \n    \n    return     .test(` \n${g}`)")
})

test('a string without an end is refused', () => {
  assert.throws(() => blankOut("const a = 'b\n"), /Line 1 cannot be read: "'b/)
})
