import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { scanImports } from './support/imports.ts'

const source = join(dirname(import.meta.dirname), 'src')

/** All that is loaded with a file: our own files and packages, but not what is imported only when it is needed. */
function loadedWith(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen
  seen.add(file)
  for (const { specifier, isDynamic, isTypeOnly } of scanImports(readFileSync(file, 'utf8'))) {
    if (isDynamic || isTypeOnly || specifier.startsWith('node:')) continue
    if (specifier.startsWith('.')) loadedWith(join(dirname(file), specifier), seen)
    else seen.add(specifier)
  }
  return seen
}

test('a command that asks a running tree loads neither the schema nor the supervisor', () => {
  const servers = ['start', 'dev', 'check', 'config']
  const verbs = globSync('cli/*.ts', { cwd: source })
    .map(path => path.slice('cli/'.length, -'.ts'.length))
    .filter(name => readFileSync(join(source, 'cli', 'main.ts'), 'utf8').includes(`import('./${name}.ts')`))
    .filter(name => !servers.includes(name))
  assert.ok(verbs.length >= 8)
  for (const name of [...verbs, 'main']) {
    const loaded = [...loadedWith(join(source, 'cli', `${name}.ts`))].map(path => path.replace(`${source}/`, ''))
    const heavy = loaded.filter(path => path === 'zod' || /^(supervisor|worker|edge|processes)\//.test(path))
    assert.deepEqual(heavy, [], name)
  }
})

// It would take a sixth of the time that a tree takes to start, and 14 MB of each of its processes.
test('no process of a running tree loads the schema by itself', () => {
  for (const name of [
    'cli/start',
    'processes/supervise',
    'processes/work',
    'processes/store',
    'processes/store-child',
  ]) {
    assert.ok(!loadedWith(join(source, `${name}.ts`)).has('zod'), name)
  }
})

test('a process that comes too late to own a store has loaded little when it sees that', () => {
  const loaded = [...loadedWith(join(source, 'processes/store.ts'))]
  assert.ok(loaded.length < 20, `${loaded.length} files`)
})
