import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type Entry, findEntry } from './find-entry.ts'
import { readProject } from './project.ts'

function entryIn(t: TestContext, files: readonly string[], manifest?: object, texts: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'saola-entry-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const all = { ...Object.fromEntries(files.map(file => [file, ''])), ...texts }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  if (manifest) writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
  return findEntry(readProject(folder))
}

const short = (entry: Entry | undefined) => entry && [entry.file, entry.because]

describe('the application of a project', () => {
  it('is what its scripts start, before anything else', t => {
    const files = ['server.js', 'index.js', 'other.js']
    const start = { scripts: { start: 'node other.js' }, main: 'index.js' }
    assert.deepEqual(short(entryIn(t, files, start)), ['./other.js', 'scripts.start'])
    const prod = { scripts: { start: 'nest start', 'start:prod': 'node dist/main', build: 'nest build' } }
    assert.deepEqual(short(entryIn(t, ['src/main.ts'], prod)), ['./dist/main.js', 'scripts.start:prod'])
    const dev = { scripts: { dev: 'nodemon ./bin/www' } }
    assert.deepEqual(short(entryIn(t, ['bin/www'], dev)), ['./bin/www', 'scripts.dev'])
    assert.deepEqual(short(entryIn(t, ['server.js'], { scripts: { start: 'node server' } })), [
      './server.js',
      'scripts.start',
    ])
    assert.deepEqual(short(entryIn(t, ['a.js'], { scripts: { start: 'node .' }, main: './a.js' })), [
      './a.js',
      'scripts.start',
    ])
  })

  it('is else the main file, or one of a usual name', t => {
    assert.deepEqual(short(entryIn(t, ['lib/start.js'], { main: 'lib/start' })), [
      './lib/start.js',
      'main of package.json',
    ])
    // What npm init writes, whether there is such a file or not.
    assert.deepEqual(short(entryIn(t, ['app.ts'], { main: 'index.js' })), ['./app.ts', 'its name'])
    assert.deepEqual(short(entryIn(t, ['src/index.ts', 'src/server.ts', 'index.js'])), ['./src/server.ts', 'its name'])
    assert.equal(entryIn(t, ['README.md'], { name: 'empty' }), undefined)
  })

  it('of a script whose file is gone is looked for elsewhere', t => {
    assert.deepEqual(short(entryIn(t, ['app.js'], { scripts: { start: 'node gone.js' } })), ['./app.js', 'its name'])
  })

  it('may have to be built, and is then run from its source while it is developed', t => {
    const scripts = { start: 'node dist/index.js', dev: 'node --watch src/index.ts', build: 'tsc' }
    const built = { file: './dist/index.js', because: 'scripts.start', node: [], isBuilt: true }
    assert.deepEqual(entryIn(t, ['src/index.ts'], { scripts }), {
      ...built,
      source: { file: './src/index.ts', node: [] },
    })
    assert.deepEqual(
      entryIn(t, ['src/index.ts', 'dist/index.js'], { scripts: { start: scripts.start, build: 'tsc' } }),
      {
        ...built,
        source: { file: './src/index.ts', node: [] },
      },
    )
    const tsx = { scripts: { ...scripts, dev: 'tsx watch src/index.ts' }, devDependencies: { tsx: '4' } }
    assert.deepEqual(entryIn(t, ['src/index.ts'], tsx)?.source, { file: './src/index.ts', node: ['--import', 'tsx'] })
  })

  it('is not run from a source with decorators, whose output is needed', t => {
    const scripts = { start: 'node dist/main.js', build: 'tsc' }
    const tsconfig = { 'tsconfig.json': '{ "compilerOptions": { "experimentalDecorators": true } }' }
    assert.equal(entryIn(t, ['src/main.ts'], { scripts }, tsconfig)?.source, undefined)
    assert.equal(entryIn(t, ['src/main.ts'], { scripts, dependencies: { '@nestjs/core': '11' } })?.source, undefined)
  })

  it('of a framework with a command of its own is the server that this builds', t => {
    const next = entryIn(t, ['app/page.tsx'], {
      scripts: { start: 'next start', build: 'next build' },
      dependencies: { next: '16' },
    })
    assert.deepEqual([next?.file, next?.isBuilt], ['./.next/standalone/server.js', true])
  })
})
