import { basename, dirname, resolve } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import { evaluatePython } from './python-expression.ts'
import { operate } from './python-operators.ts'
import { type LogicalLine, type PythonToken, tokenizePython } from './python-tokens.ts'
import { needsPython, type PythonValue, textValue, unknown } from './python-values.ts'

/** A name that is assigned at the top level of a module. */
export interface Assignment {
  readonly value: PythonValue
  readonly line: number
  /** As it is written. */
  readonly source: string
}

export interface PythonModule {
  /** What counts in the end. */
  readonly assignments: ReadonlyMap<string, Assignment>
  /** How often each name occurs. */
  readonly uses: ReadonlyMap<string, number>
  /** Lines that may set any name: `from base import *`. */
  readonly open: readonly { readonly line: number; readonly source: string }[]
}

interface Reading {
  readonly sourceLines: readonly string[]
  readonly values: Map<string, PythonValue>
  readonly imports: Map<string, string>
  readonly assignments: Map<string, Assignment>
  readonly open: { line: number; source: string }[]
}

const compound = /^(?:if|elif|else|for|while|with|try|except|finally|match|async)$/

/**
 * Reads a module without running it: its assignments, with a value where that is known.
 *
 * @throws {PythonSyntaxError} when it is no Python.
 */
export function readPythonModule(source: string, path: string): PythonModule {
  const lines = tokenizePython(source)
  const file = textValue([{ kind: 'folder', path: dirname(resolve(path)) }, `/${basename(path)}`])
  const reading: Reading = {
    sourceLines: source.split('\n'),
    values: new Map([['__file__', file]]),
    imports: new Map(),
    assignments: new Map(),
    open: [],
  }
  let block: 'conditional' | 'definition' | undefined
  for (const line of lines) {
    const first = line.tokens[0]?.text ?? ''
    if (line.indent === 0) block = blockOf(line, first)
    if (block === 'definition') readDefinition(line, reading)
    else for (const statement of splitStatements(line)) readStatement(statement, reading, block !== undefined)
  }
  return { assignments: reading.assignments, uses: countUses(lines), open: reading.open }
}

function blockOf({ tokens }: LogicalLine, first: string): 'conditional' | 'definition' | undefined {
  const isDefinition = /^(?:def|class|@)$/.test(first) || (first === 'async' && tokens[1]?.text === 'def')
  if (isDefinition) return 'definition'
  return compound.test(first) ? 'conditional' : undefined
}

/** Of functions and classes only the names are of interest. */
function readDefinition({ indent, tokens, line }: LogicalLine, reading: Reading): void {
  const name = tokens[tokens.findIndex(({ text }) => text === 'def' || text === 'class') + 1]
  if (indent > 0 || name?.kind !== 'name' || tokens[0]?.text === '@') return
  assign(name.text, { kind: 'function' }, line, reading)
}

/** What stands in one line, joined by semicolons, or behind the colon of an `if`. */
function splitStatements(line: LogicalLine): PythonToken[][] {
  const statements: PythonToken[][] = [[]]
  let depth = 0
  const isCompound = compound.test(line.tokens[0]?.text ?? '')
  for (const token of line.tokens) {
    if (token.kind === 'mark' && /^[([{]$/.test(token.text)) depth++
    if (token.kind === 'mark' && /^[)\]}]$/.test(token.text)) depth--
    const isEnd = token.kind === 'mark' && depth === 0 && (token.text === ';' || (isCompound && token.text === ':'))
    if (isEnd) statements.push([])
    else statements.at(-1)?.push(token)
  }
  return statements.filter(({ length }) => length > 0)
}

function readStatement(tokens: readonly PythonToken[], reading: Reading, isConditional: boolean): void {
  const [first, second] = tokens
  if (!first) return
  if (first.text === 'import' || first.text === 'from') return readImport(tokens, reading)
  if (first.kind !== 'name' || !second) return
  if (second.text === '.' && reading.values.has(first.text) && tokens.some(({ text }) => text === '(')) {
    return assign(first.text, unknown('a method may change it, and only Python knows how'), first.line, reading)
  }
  if (/^(?:exec|globals|locals|vars|setattr)$/.test(first.text)) return noteOpen(first.line, reading)
  const isAssignment = tokens.some(({ kind, text }) => kind === 'mark' && /^(?:[+\-*/%|&]|\/\/)?=$/.test(text))
  if (isAssignment) readAssignment(tokens, reading, isConditional)
}

function readAssignment(tokens: readonly PythonToken[], reading: Reading, isConditional: boolean): void {
  const marks = equalsSigns(tokens)
  const [mark] = marks
  if (mark === undefined) return
  const { line } = tokens[0] as PythonToken
  const right = { sign: tokens[mark]?.text ?? '', expression: tokens.slice((marks.at(-1) ?? mark) + 1) }
  for (const [index, end] of marks.entries()) {
    const target = tokens.slice(index === 0 ? 0 : (marks[index - 1] ?? 0) + 1, end)
    const names = namesOf(target)
    const [name, ...others] = names
    if (name === undefined) continue
    const value = isConditional ? unknown(onCondition) : evaluated(name, right, reading)
    if (others.length === 0) assign(name, value, line, reading)
    else for (const [place, each] of names.entries()) assign(each, itemOf(value, place, names), line, reading)
  }
}

/** Of `a, b = 1, 2` the value of one of the names. */
function itemOf(value: PythonValue, place: number, names: readonly string[]): PythonValue {
  const items = value.kind === 'list' && value.items.length === names.length ? value.items : []
  return items[place] ?? (value.kind === 'unknown' ? value : unknown(needsPython))
}

const onCondition = `it depends on a condition, and ${needsPython}`

/** The names that a target assigns; an item or an attribute of something else is none of this module. */
function namesOf(target: readonly PythonToken[]): string[] {
  const [first, second] = target
  // `name: int = 1` has a type.
  if (first?.kind === 'name' && second?.text === ':') return [first.text]
  if (target.some(({ text }) => /^[.[]$/.test(text))) return []
  return target.filter(({ kind }) => kind === 'name').map(({ text }) => text)
}

interface Right {
  readonly sign: string
  readonly expression: readonly PythonToken[]
}

/** Where the equals signs of an assignment stand, outside of brackets. */
function equalsSigns(tokens: readonly PythonToken[]): number[] {
  let depth = 0
  return tokens.flatMap(({ kind, text }, index) => {
    if (kind !== 'mark') return []
    if (/^[([{]$/.test(text)) depth++
    if (/^[)\]}]$/.test(text)) depth--
    return depth === 0 && /^(?:[+\-*/%|&]|\/\/)?=$/.test(text) ? [index] : []
  })
}

function evaluated(name: string, { sign, expression }: Right, reading: Reading): PythonValue {
  try {
    const value = evaluatePython(expression, reading)
    if (sign === '=') return value
    const before = reading.values.get(name) ?? unknown(needsPython)
    return operate(sign.slice(0, -1), before, value)
  } catch (error) {
    return unknown(messageOf(error))
  }
}

function assign(name: string, value: PythonValue, line: number, reading: Reading): void {
  reading.values.set(name, value)
  reading.assignments.set(name, { value, line, source: (reading.sourceLines[line - 1] ?? '').trim() })
}

/** `import os`, `import multiprocessing as mp`, `from os import environ, getenv as get`. */
function readImport(tokens: readonly PythonToken[], reading: Reading): void {
  const words = tokens.map(({ text }) => text).filter(text => !/^[()]$/.test(text))
  const isFrom = words[0] === 'from'
  const start = words.indexOf('import') + 1
  const module = isFrom ? words.slice(1, start - 1).join('') : ''
  if (words[start] === '*') return noteOpen(tokens[0]?.line ?? 1, reading)
  for (const part of words.slice(start).join(' ').split(' , ')) {
    const [path = '', alias] = part.replaceAll(' . ', '.').split(' as ')
    const name = alias ?? (isFrom ? path : (path.split('.')[0] ?? ''))
    const whole = alias === undefined && !isFrom ? name : path
    reading.imports.set(name.trim(), isFrom ? `${module}.${path.trim()}` : whole.trim())
  }
}

function noteOpen(line: number, reading: Reading): void {
  reading.open.push({ line, source: (reading.sourceLines[line - 1] ?? '').trim() })
}

function countUses(lines: readonly LogicalLine[]): Map<string, number> {
  const uses = new Map<string, number>()
  for (const { tokens } of lines) {
    for (const { kind, text, prefix } of tokens) {
      const names = kind === 'name' ? [text] : prefix?.includes('f') ? (text.match(/[A-Za-z_]\w*/g) ?? []) : []
      for (const name of names) uses.set(name, (uses.get(name) ?? 0) + 1)
    }
  }
  return uses
}
