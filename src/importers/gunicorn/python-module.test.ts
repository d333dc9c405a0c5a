import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Text } from '../text.ts'
import { readPythonModule } from './python-module.ts'
import type { PythonValue } from './python-values.ts'

const imports = 'import os, multiprocessing as mp\nfrom os import environ, getenv as get\nfrom pathlib import Path\n'

/** What the last line of a module assigns to `x`, in short. */
function valueOfX(source: string): unknown {
  const { assignments } = readPythonModule(`${imports}${source}`, '/srv/shop/gunicorn.conf.py')
  const found = assignments.get('x')
  assert.ok(found, source)
  return short(found.value)
}

function short(value: PythonValue): unknown {
  switch (value.kind) {
    case 'text':
      return shortText(value.text)
    case 'number':
    case 'boolean':
      return value.value
    case 'none':
      return null
    case 'list':
      return value.items.map(short)
    case 'dict':
      return Object.fromEntries([...value.entries].map(([key, item]) => [key, short(item)]))
    case 'cores':
      return `cores*${value.times}+${value.plus}`
    case 'variable':
      return `int(${shortText(value.text)})`
    default:
      return value.kind
  }
}

function shortText(text: Text): string {
  return text
    .map(part => {
      if (typeof part === 'string') return part
      if (part.kind === 'env') return `\${${part.name}${part.fallback === undefined ? '' : `:${part.fallback}`}}`
      return part.kind === 'folder' ? `<${part.path}>` : ''
    })
    .join('')
}

test('literals and what is made of them are read as Python reads them', () => {
  const cases: readonly [source: string, value: unknown][] = [
    [`x = 'a'`, 'a'],
    [`x = "it's" 'b' r'\\n' u"ä"`, "it'sb\\nä"],
    [`x = """a\n"b" """`, 'a\n"b" '],
    [`x = 'a\\x41\\u00e4\\101\\\n\\q'`, 'aAäA\\q'],
    [`x = b'bytes'`, 'bytes'],
    ['x = 1_000', 1000],
    ['x = 0o077 + 0x10 + 0b1', 80],
    ['x = -2 ** 2 + 7 // 2 % 2', -3],
    ['x = (1 + 2) * 3 - 4 / 2', 7],
    ['x = True', true],
    ['x = not 0', true],
    ['x = None', null],
    ['x = [1, "a", (2,), ()]', [1, 'a', [2], []]],
    ['x = 1, 2', [1, 2]],
    ['x = {"a": 1, \'b\': [2],}', { a: 1, b: [2] }],
    ['x = {"a": 1}["a"]', 1],
    ['x = [1, 2][-1]', 2],
    ['x = (\n  "a"  # said\n  "b"\n)', 'ab'],
    ['x = 1 + \\\n  2', 3],
    ['x: int = 3', 3],
    ['x = y = 4', 4],
    ['y, x = 5, 6', 6],
    ['x = 1; x += 2', 3],
    ['x = ["a"]; x += ["b"]', ['a', 'b']],
    ['y = 2\nx = y * 3', 6],
    ['x = "%s:%d" % ("a", 1)', 'a:1'],
    ['x = "100%%" % ()', '100%'],
    ['x = "{}-{0}-{b}{{".format("a", b=2)', 'a-a-2{'],
    ['y = 8\nx = f"0.0.0.0:{y}{{}}"', '0.0.0.0:8{}'],
    ['x = " A ".strip().lower()', 'a'],
    ['x = "" or "b"', 'b'],
    ['x = 1 and 2', 2],
    ['x = int("7") + int(1.9) + int(str(2))', 10],
  ]
  for (const [source, value] of cases) assert.deepEqual(valueOfX(source), value, source)
})

test('the environment, the cores and the folder of the file stay what they are', () => {
  const cases: readonly [source: string, value: unknown][] = [
    [`x = os.environ['A']`, '${A}'],
    [`x = environ.get("A")`, '${A}'],
    [`x = os.environ.get('A', 'b')`, '${A:b}'],
    [`x = get('A', default='b')`, '${A:b}'],
    [`x = os.getenv('A', 8000)`, '${A:8000}'],
    [`x = os.getenv('A', None) or 'c'`, '${A:c}'],
    [`x = int(os.getenv('A', '4'))`, 'int(${A:4})'],
    [`x = f"{os.getenv('H', 'h')}:{int(get('P', '1'))}"`, '${H:h}:${P:1}'],
    [`x = 'unix:' + os.environ['RUN'] + '/s'`, 'unix:${RUN}/s'],
    ['x = mp.cpu_count() * 2 + 1', 'cores*2+1'],
    ['x = 1 + 2 * os.cpu_count()', 'cores*2+1'],
    ['from multiprocessing import cpu_count\nx = (cpu_count() - 1) // 2', 'cores*0.5+-0.5'],
    ['x = os.path.join(os.path.dirname(os.path.abspath(__file__)), "a", "b")', '</srv/shop>/a/b'],
    ['x = os.path.join("a", "/b")', '/b'],
    ['x = str(Path(__file__).resolve().parent.parent / "logs")', '</srv>/logs'],
  ]
  for (const [source, value] of cases) assert.equal(valueOfX(source), value, source)
})

test('what only Python can say is never guessed', () => {
  const expressions = [
    ...[
      'x = constructor',
      'x = 1 toString 2',
      'x = os.constructor()',
      'x = "a".valueOf()',
      'x = open("/etc/hostname").read()',
      'x = [a for a in b]',
      'x = 1 if y else 2',
      'x = y',
      'x = max(1, 2)',
    ],
    ...['x = {**y}', 'x = [*y]', 'x = 1 < 2', 'x = (y := 1)', 'x = f"{1:>8}"', 'x = f"{y!r}"', 'x = "%5d" % 1'],
    ...['x = os.environ', 'x = 1 / 0', 'x = "a" * 3', 'x = mp.cpu_count() ** 2', 'x = int("a")', 'x = "\\N{BULLET}"'],
    ...['x = os.environ.get("A") and 1', 'x = 2 * int(os.environ["A"])', 'x = "a".join(["b"])', 'y, x = 1, 2, 3'],
    ...[
      'if a:\n  x = 1',
      'x = 1\ntry:\n  x = 2\nexcept E: pass',
      'for x in y: pass\nfor i in y: x = 1',
      'x = 1\nif a: x = 2',
    ],
    ...['x = []\nx.append(1)', 'x = 1j', 'x = 1; x += y', `x = ${'('.repeat(60)}1${')'.repeat(60)}`],
    ...[`x = ${'-'.repeat(5_000)}1`, `x = ${'['.repeat(5_000)}${']'.repeat(5_000)}`],
  ]
  for (const source of expressions)
    assert.match(String(valueOfX(source)), /^(?:unknown|reference)$/, source.slice(0, 60))
})

test('functions are known by name, and what is in them is not read', () => {
  const { assignments } = readPythonModule(
    'def when_ready(server):\n  bind = 1\n\n@decorated\ndef post_fork(a, b): bind = 2\nasync def c():\n  pass\nclass D:\n  bind = 3\nf = lambda a: a',
    'x.py',
  )
  assert.deepEqual(
    [...assignments].map(([name, { value, line }]) => [name, value.kind, line]),
    [
      ['when_ready', 'function', 1],
      ['post_fork', 'function', 5],
      ['c', 'function', 6],
      ['D', 'function', 8],
      ['f', 'function', 10],
    ],
  )
})

test('what is no Python is an error with its line', () => {
  for (const [source, message, line] of [
    ['a = 1\nb = "open', /a string is not closed/, 2],
    ['a = """open\n\n', /a string is not closed/, 1],
    ['a = 1\n\nb = (1,\n2', /a bracket is not closed/, 3],
    ['a = 1)', /a \) closes nothing/, 1],
  ] as const) {
    assert.throws(() => readPythonModule(source, 'x.py'), { message, line })
  }
})
