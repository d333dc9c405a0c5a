import { dirname } from 'node:path'
import { lookUp } from '../look-up.ts'
import { plainOf, type Text } from '../text.ts'
import { asText, needsPython, numberValue, type PythonValue, textValue, Unreadable } from './python-values.ts'

export interface Call {
  readonly args: readonly PythonValue[]
  readonly named: ReadonlyMap<string, PythonValue>
}

type PythonFunction = (first: PythonValue, call: Call) => PythonValue

const same: PythonFunction = path => textValue(asText(path))
const cores: PythonFunction = () => ({ kind: 'cores', times: 1, plus: 0 })

/** Functions that need no Python, by the module that they are in. */
const functions: Readonly<Record<string, PythonFunction>> = {
  'os.environ.get': (name, { args: [, fallback], named }) => variable(name, fallback ?? named.get('default')),
  'os.getenv': (name, { args: [, fallback], named }) => variable(name, fallback ?? named.get('default')),
  'multiprocessing.cpu_count': cores,
  'os.cpu_count': cores,
  'os.process_cpu_count': cores,
  'psutil.cpu_count': cores,
  int: toNumber,
  float: toNumber,
  str: value => textValue(asText(value)),
  'os.path.abspath': same,
  'os.path.realpath': same,
  'os.path.normpath': same,
  'os.fspath': same,
  'pathlib.Path': same,
  'os.path.dirname': folderOf,
  'os.path.join': (_first, { args }) => textValue(joinPaths(args.map(asText))),
}

/** Methods of texts. */
const methods: Readonly<Record<string, PythonFunction>> = {
  format: (template, call) => textValue(fillFields(plainText(template), call)),
  strip: text => textValue([plainText(text).trim()]),
  lower: text => textValue([plainText(text).toLowerCase()]),
  upper: text => textValue([plainText(text).toUpperCase()]),
  // Of a path.
  resolve: same,
  absolute: same,
  joinpath: (first, { args }) => textValue(joinPaths([first, ...args].map(asText))),
}

/** What a function of a module gives. */
export function callFunction(path: string, call: Call): PythonValue {
  const called = lookUp(functions, path)
  if (!called) throw new Unreadable(needsPython)
  return called(call.args[0] ?? { kind: 'none' }, call)
}

export function callMethod(of: PythonValue, name: string, call: Call): PythonValue {
  const called = lookUp(methods, name)
  if (!called || of.kind !== 'text') throw new Unreadable(needsPython)
  return called(of, call)
}

/** A variable of the environment, whether or not there is something to take in its place. */
export function variable(name: PythonValue, fallback?: PythonValue): PythonValue {
  const isOpen = fallback === undefined || fallback.kind === 'none'
  const text = isOpen ? undefined : plainText(fallback)
  return textValue([{ kind: 'env', name: plainText(name), fallback: text }])
}

function plainText(value: PythonValue): string {
  const plain = plainOf(asText(value))
  if (plain === undefined) throw new Unreadable(needsPython)
  return plain
}

function toNumber(value: PythonValue): PythonValue {
  if (value.kind === 'number') return numberValue(Math.trunc(value.value))
  if (value.kind === 'variable' || value.kind === 'cores') return value
  const text = asText(value)
  const plain = plainOf(text)
  if (plain === undefined) return { kind: 'variable', text }
  if (!/^\s*-?\d+(?:\.\d+)?\s*$/.test(plain)) throw new Unreadable(needsPython)
  return numberValue(Number(plain))
}

/** The folder of a path, also where that begins with one that is not known. */
export function folderOf(value: PythonValue): PythonValue {
  const text = asText(value)
  const last = text.at(-1)
  if (typeof last === 'object' && last.kind === 'folder') {
    return textValue([...text.slice(0, -1), { kind: 'folder', path: dirname(last.path) }])
  }
  if (typeof last !== 'string' || !last.includes('/')) throw new Unreadable(needsPython)
  return textValue([...text.slice(0, -1), last.slice(0, last.lastIndexOf('/'))])
}

export function joinPaths(paths: readonly Text[]): Text {
  const begins = paths.findLastIndex(([first]) => typeof first === 'string' && first.startsWith('/'))
  return paths.slice(Math.max(0, begins)).flatMap((path, index) => (index === 0 ? path : ['/', ...path]))
}

/** `'{}:{}'.format(host, port)`, also with numbers and names. */
function fillFields(template: string, { args, named }: Call): Text {
  let next = 0
  return template.split(/(\{\{|\}\}|\{[^{}]*\})/).flatMap((piece): Text => {
    if (piece === '{{' || piece === '}}') return [piece.charAt(0)]
    const field = /^\{(\w*)\}$/.exec(piece)?.[1]
    if (field === undefined && /[{}]/.test(piece)) throw new Unreadable(needsPython)
    if (field === undefined) return [piece]
    const value = field === '' ? args[next++] : (named.get(field) ?? args[Number(field)])
    return asText(value ?? { kind: 'none' })
  })
}
