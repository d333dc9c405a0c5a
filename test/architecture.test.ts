/** The shape of the code: which room may import which, and what DESIGN promises a reader about files. */
import assert from 'node:assert/strict'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { test } from 'node:test'
import { blankOut, type ImportFound, scanImports } from './support/imports.ts'

const root = dirname(import.meta.dirname)

/**
 * What each room may import, and why it may not import the rest. Own files are always allowed, and `config` may
 * import each room's options.ts. Change a row when the design needs it, in a commit that says why.
 */
const rooms: Record<string, { readonly imports: readonly string[]; readonly because: string }> = {
  base: { imports: [], because: 'Used by all, so it uses none.' },
  ipc: { imports: ['base'], because: 'Messages are data: no side of a channel may need the other side to read them.' },
  config: { imports: ['base'], because: 'No room imports config: each receives its own resolved section.' },
  store: { imports: ['base', 'ipc'], because: 'It knows nothing of HTTP, nor of who uses it.' },
  tasks: {
    imports: ['base', 'ipc', 'store'],
    because: 'What it keeps is in the store; who starts its processes is not its affair.',
  },
  edge: {
    imports: ['base', 'store'],
    because: 'Its last step is a function it is given, so that it also runs without workers.',
  },
  supervisor: { imports: ['base', 'ipc'], because: 'It starts a worker by its path, and never holds user code.' },
  programs: {
    imports: ['base', 'ipc', 'supervisor'],
    because: 'A program is a child like others; what is special in it is here, and the supervisor is given it.',
  },
  worker: { imports: ['base', 'ipc', 'edge'], because: 'A worker knows its supervisor by messages only.' },
  control: { imports: ['base', 'ipc'], because: 'Operations are given to it: the same list serves CLI and dashboard.' },
  metrics: {
    imports: ['base', 'ipc'],
    because: 'It writes figures that it is given, and knows nothing of where they come from.',
  },
  dashboard: {
    imports: ['base', 'control'],
    because: 'It shows nothing that control does not offer; the store and tasks are given to it as functions.',
  },
  init: { imports: ['base'], because: 'It writes files about a project and is told what its configuration says.' },
  importers: { imports: ['base'], because: 'They make text of text: what they write is checked by whoever reads it.' },
  cli: {
    imports: ['base', 'config', 'control', 'importers', 'init', 'processes'],
    because: 'A command becomes a process, or asks one over its control socket; it never reaches into one.',
  },
  processes: {
    imports: [
      'base',
      'ipc',
      'config',
      'edge',
      'store',
      'tasks',
      'supervisor',
      'programs',
      'worker',
      'control',
      'metrics',
      'dashboard',
    ],
    because: 'They wire the rooms of a process, and so know all of them but the command line that starts it.',
  },
}

const linesMax = 400

interface SourceFile {
  /** From the project's root: `src/base/clock.ts`. */
  readonly path: string
  /** `base`, or an empty text for the files of src/ itself. */
  readonly room: string
  readonly source: string
  readonly imports: readonly ImportFound[]
}

const files = globSync('src/**/*.ts', { cwd: root }).sort().filter(isOurs).map(readSource)
const byPath = new Map(files.map(file => [file.path, file]))

function isOurs(path: string): boolean {
  return !path.endsWith('.test.ts')
}

function readSource(path: string): SourceFile {
  const source = readFileSync(join(root, path), 'utf8')
  const [, room = '', ...rest] = path.split('/')
  return { path, room: rest.length > 0 ? room : '', source, imports: scanImports(source) }
}

/** The file of ours that an import names, or undefined when it names a package. */
function resolveImport(file: SourceFile, specifier: string): SourceFile | undefined {
  if (!specifier.startsWith('.')) return undefined
  const path = normalize(join(dirname(file.path), specifier))
  const target = byPath.get(path)
  assert.ok(target, `${file.path} imports ${specifier}, and there is no ${path}.`)
  return target
}

function imports(file: SourceFile): { found: ImportFound; target: SourceFile }[] {
  return file.imports.flatMap(found => {
    const target = resolveImport(file, found.specifier)
    return target ? [{ found, target }] : []
  })
}

/** `path:line` of every import that the rule calls wrong. */
function wrongImports(isWrong: (file: SourceFile, target: SourceFile, found: ImportFound) => boolean): string[] {
  return files.flatMap(file =>
    imports(file)
      .filter(({ found, target }) => isWrong(file, target, found))
      .map(({ found }) => `${file.path}:${found.line} imports ${found.specifier}`),
  )
}

test('the scan has seen the code', () => {
  const seen = files.flatMap(file => imports(file)).length
  assert.ok(seen > 50, `only ${seen} imports between our own files were found`)
  assert.deepEqual(new Set(files.map(file => file.room)), new Set(['', ...Object.keys(rooms)]))
})

test('a room imports only the rooms of its row', () => {
  const wrong = wrongImports((file, target) => {
    if (file.room === '' || file.room === target.room) return false
    if (file.room === 'config' && target.path.endsWith('/options.ts')) return false
    return !rooms[file.room]?.imports.includes(target.room)
  })
  assert.deepEqual(wrong, [])
})

test('no file is imported by what it imports itself', () => {
  assert.deepEqual(findCycle(), [])
})

/** The first circle of imports as a list of paths, or nothing. Dynamic ones cannot close a circle while loading. */
function findCycle(): string[] {
  const done = new Set<SourceFile>()
  const visit = (file: SourceFile, trail: readonly SourceFile[]): string[] => {
    const start = trail.indexOf(file)
    if (start >= 0) return [...trail.slice(start), file].map(step => step.path)
    if (done.has(file)) return []
    done.add(file)
    return firstCircle(
      imports(file).filter(({ found }) => !found.isDynamic),
      ({ target }) => visit(target, [...trail, file]),
    )
  }
  return firstCircle(files, file => visit(file, []))
}

function firstCircle<Item>(items: readonly Item[], find: (item: Item) => string[]): string[] {
  for (const item of items) {
    const circle = find(item)
    if (circle.length > 0) return circle
  }
  return []
}

test('a public subpath holds re-exports and nothing else', () => {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const entries = Object.values<{ default?: string }>(exports).flatMap(target => target.default ?? [])
  const paths = entries.map(path => path.replace('./dist/', 'src/').replace(/js$/, 'ts'))
  assert.ok(paths.length >= 2)
  for (const path of paths) {
    const code = blankOut(byPath.get(path)?.source ?? assert.fail(`${path} is exported and does not exist.`))
    const rest = code.replace(/^export (?:type )?(?:\{[^}]*\}|\*(?: as \w+)?) from '[^']*'/gm, '')
    assert.equal(rest.trim(), '', `${path} does more than to export again`)
  }
})

test('the command loads nothing of ours until it knows that this Node is new enough', () => {
  const bin = byPath.get('src/bin.ts') ?? assert.fail('There is no src/bin.ts.')
  const early = imports(bin).filter(({ found }) => !found.isDynamic && !found.isTypeOnly)
  assert.deepEqual(
    early.map(({ target }) => target.room).filter(room => room !== 'base'),
    [],
  )
})

test('of node:http only types are imported: base/node-http.ts says what all else costs', () => {
  const costly = files.flatMap(file =>
    file.imports
      .filter(({ specifier, isTypeOnly }) => /^node:https?$/.test(specifier) && !isTypeOnly)
      .map(({ line }) => `${file.path}:${line}`),
  )
  assert.deepEqual(costly, [])
})

test('nobody imports the command', () => {
  assert.deepEqual(
    wrongImports((_file, target) => target.path === 'src/bin.ts'),
    [],
  )
})

test('only the files of processes/ and the command do something when they are loaded', () => {
  const declaration = /^(?:import|export|const|let|(?:async )?function|(?:abstract )?class|type|interface|declare)\b/
  const wrong = files
    .filter(file => file.room !== 'processes' && file.path !== 'src/bin.ts')
    .flatMap(file =>
      // Biome indents all that is inside of something: what begins a line is a statement of the file itself.
      blankOut(file.source)
        .split('\n')
        .flatMap((line, index) =>
          /^[^\s)}\]>`]/.test(line) && !declaration.test(line) ? [`${file.path}:${index + 1}`] : [],
        ),
    )
  assert.deepEqual(wrong, [])
})

test('a file has at most 400 lines', () => {
  const patterns = ['src/**/*.ts', 'test/**/*.ts', 'bench/**/*.{ts,mjs}', 'examples/**/*.ts', 'scripts/*.mjs']
  // One line an option, written by a script: nobody reads it from top to bottom.
  const paths = globSync(patterns, { cwd: root, exclude: ['**/node_modules/**', 'src/config/generated.ts'] })
  assert.ok(paths.length > files.length - 1)
  const long = paths.filter(path => readFileSync(join(root, path), 'utf8').split('\n').length - 1 > linesMax)
  assert.deepEqual(long, [])
})

test('the table names only rooms that exist', () => {
  for (const [room, { imports }] of Object.entries(rooms)) {
    assert.ok(existsSync(join(root, 'src', room)), `There is no src/${room}.`)
    for (const imported of imports) assert.ok(rooms[imported], `${room} may import ${imported}, which is no room.`)
  }
})
