import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const loader = pathToFileURL(join(import.meta.dirname, 'load-module.ts')).href

// A file, because a program of `node -e` has require() and module everywhere.
const script = `
  import { loadModule } from ${JSON.stringify(loader)}
  const results = []
  for (const path of process.argv.slice(2)) {
    try {
      results.push((await loadModule(path)).default)
    } catch (error) {
      results.push({ error: error.message.split('\\n')[0], code: error.code, stack: error.stack })
    }
  }
  console.log(JSON.stringify(results))`

/** A name with everything that means something in a URL. */
let folder = ''

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'saola load #1%20'))
  await writeFile(join(folder, 'load.mjs'), script)
})

after(() => rm(folder, { recursive: true }))

/** Writes files, by path. */
async function write(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, dirname(path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
}

/** Loads files, one after the other, in a fresh process that must not print anything else. */
async function load(...paths: string[]): Promise<unknown[]> {
  const args = [join(folder, 'load.mjs'), ...paths.map(path => join(folder, path))]
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args)
  assert.equal(stderr, '')
  return JSON.parse(stdout)
}

const kinds = {
  'es.js': "import { part } from './es-part.js'\nexport default { part, own: import.meta.filename !== undefined }\n",
  'es-part.js': "export const part = 'es'\n",
  'es.ts':
    "import { part } from './es-part.ts'\ninterface Own { own: boolean }\nexport default { part, own: true } satisfies Own & { part: string }\n",
  'es-part.ts': "export const part: string = 'es'\n",
  'common.js': "const { part } = require('./common-part.js')\nmodule.exports = { part, own: __dirname.length > 0 }\n",
  'common-part.js': "exports.part = 'common'\n",
  'common.ts':
    "import type { Part } from './types.ts'\nconst { part } = require('./common-part.ts') as Part\nmodule.exports = { part, own: true }\n",
  'common-part.ts': "const part: string = 'common'\nexports.part = part\n",
  'types.ts': 'export interface Part { part: string }\n',
  'requires-all.cjs':
    "const load = name => { const m = require(name); return (m.default ?? m).part }\nmodule.exports = ['./es.js', './es.ts', './common.js', './common.ts'].map(load)\n",
  'imports-all.mjs':
    "import a from './es.js'\nimport b from './es.ts'\nimport { part as c } from './common.js'\nimport { part as d } from './common.ts'\nexport default [a.part, b.part, c, d]\n",
  www: "#!/usr/bin/env node\nimport { part } from './es-part.js'\nexport default { part, own: true }\n",
}

describe('a module is loaded', () => {
  const types = { commonjs: '{"type":"commonjs"}', module: '{"type":"module"}', none: '{}' }
  for (const [type, packageJson] of Object.entries(types)) {
    it(`by what it is, where package.json says ${type}`, async () => {
      const files = Object.entries(kinds).map(([name, content]) => [`${type}/${name}`, content])
      await write({ [`${type}/package.json`]: packageJson, ...Object.fromEntries(files) })
      const names = ['es.js', 'es.ts', 'common.js', 'common.ts', 'requires-all.cjs', 'imports-all.mjs', 'www']
      const es = { part: 'es', own: true }
      const common = { part: 'common', own: true }
      const parts = ['es', 'es', 'common', 'common']
      const expected = [es, es, common, common, parts, parts]
      assert.deepEqual(await load(...names.map(name => `${type}/${name}`)), [...expected, es])
    })

    it(`through import and require alone, where package.json says ${type}`, async () => {
      const parts = ['es', 'es', 'common', 'common']
      assert.deepEqual(await load(`${type}/requires-all.cjs`), [parts])
      assert.deepEqual(await load(`${type}/imports-all.mjs`), [parts])
    })
  }

  it('when its first sign of an ES module is a top-level await or a name of its own', async () => {
    await write({
      'await/package.json': '{"type":"commonjs"}',
      'await/app.js': "const value = await Promise.resolve('late')\nexport { value as default }\n",
      'await/dirname.js': "const __dirname = 'mine'\nexport default __dirname\n",
    })
    assert.deepEqual(await load('await/app.js', 'await/dirname.js'), ['late', 'mine'])
  })

  it('as CommonJS although it speaks of import and export', async () => {
    await write({
      'words/package.json': '{"type":"commonjs"}',
      'words/app.js': '/*\nimport things\nexport default\n*/\nmodule.exports = `\nexport default 1\nawait 2`\n',
      'words/dynamic.js': "module.exports = 'x'\nimport('node:os').then(() => {})\n",
    })
    assert.deepEqual(await load('words/app.js', 'words/dynamic.js'), ['\nexport default 1\nawait 2', 'x'])
  })

  it('with every error at its own line', async () => {
    await write({
      'lines/package.json': '{"type":"commonjs"}',
      'lines/app.ts':
        "import os from 'node:os'\ninterface A {\n  a: string\n}\nexport const a: A = { a: os.EOL }\nthrow new Error('here')\n",
    })
    const [{ stack }] = (await load('lines/app.ts')) as [{ stack: string }]
    assert.match(stack, /lines\/app\.ts:6:7/)
  })

  it('with the message of Node when it is wrong', async () => {
    await write({
      'wrong/package.json': '{"type":"commonjs"}',
      'wrong/syntax.js': 'const = 1\nexport default 1\n',
      'wrong/enum.ts': 'enum A { B }\nexport default A.B\n',
    })
    const [syntax, enumeration] = (await load('wrong/syntax.js', 'wrong/enum.ts')) as { error: string; code?: string }[]
    assert.equal(syntax?.error, "Unexpected token '='")
    assert.equal(enumeration?.code, 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX')
  })

  it('as Node does inside node_modules', async () => {
    await write({
      'packages/package.json': '{"type":"commonjs"}',
      'packages/app.js': "import 'wrong'\nexport default 1\n",
      'packages/node_modules/wrong/package.json': '{"type":"module","main":"index.js"}',
      'packages/node_modules/wrong/index.js': 'module.exports = 1\n',
    })
    const [result] = (await load('packages/app.js')) as { error: string }[]
    assert.match(result?.error ?? '', /module is not defined in ES module scope/)
  })
})
