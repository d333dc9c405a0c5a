/**
 * Evaluates an expression of Python as far as that needs no Python: literals, names assigned before, arithmetic, texts put
 * together, variables of the environment and the number of cores. Anything else ends in `Unreadable`, and never in a guess.
 */
import { lookUp } from '../look-up.ts'
import { type Call, callFunction, callMethod, folderOf, variable } from './python-functions.ts'
import { bindings, operate, operateOn } from './python-operators.ts'
import { decodeString, splitFormat } from './python-strings.ts'
import { type PythonToken, tokenizePython } from './python-tokens.ts'
import { asText, needsPython, numberValue, type PythonValue, textValue, Unreadable } from './python-values.ts'

const depthMax = 50

/** The names that an expression may use. */
export interface PythonScope {
  readonly values: ReadonlyMap<string, PythonValue>
  /** What was imported: `cpu_count` is `multiprocessing.cpu_count`. */
  readonly imports: ReadonlyMap<string, string>
}

interface Reading {
  readonly tokens: readonly PythonToken[]
  readonly scope: PythonScope
  at: number
  depth: number
}

/**
 * @throws {Unreadable} when only Python could say.
 */
export function evaluatePython(tokens: readonly PythonToken[], scope: PythonScope, depth = 0): PythonValue {
  const reading: Reading = { tokens, scope, at: 0, depth }
  const value = readTuple(reading)
  if (reading.at < tokens.length) throw new Unreadable(needsPython)
  return value
}

/** `1, 2` without brackets is a tuple, too. */
function readTuple(reading: Reading): PythonValue {
  const first = readExpression(reading, 0)
  if (!isNext(reading, ',')) return first
  const items = [first]
  while (skip(reading, ',')) if (reading.at < reading.tokens.length) items.push(readExpression(reading, 0))
  return { kind: 'list', items }
}

function readExpression(reading: Reading, least: number): PythonValue {
  if (++reading.depth > depthMax) throw new Unreadable('it is nested too deeply')
  let left = readOperand(reading)
  for (;;) {
    const operator = reading.tokens[reading.at]
    const binding = operator && operator.kind !== 'string' ? lookUp(bindings, operator.text) : undefined
    if (operator === undefined || binding === undefined || binding < least) break
    reading.at++
    // What is to the right of ** belongs together first.
    left = operate(operator.text, left, readExpression(reading, binding + (operator.text === '**' ? 0 : 1)))
  }
  reading.depth--
  return left
}

function readOperand(reading: Reading): PythonValue {
  const token = next(reading)
  const isSign = token.kind === 'mark' && /^[-+]$/.test(token.text)
  if (isSign) return operateOn(token.text, readExpression(reading, 6))
  if (token.kind === 'name' && token.text === 'not') return operateOn('not', readExpression(reading, 3))
  return readTrailers(reading, readAtom(reading, token))
}

function readAtom(reading: Reading, token: PythonToken): PythonValue {
  if (token.kind === 'string') return readStrings(reading, token)
  if (token.kind === 'number') return readNumber(token)
  if (token.kind === 'name') return readName(reading, token)
  if (token.text === '(') return readGroup(reading)
  if (token.text === '[') return { kind: 'list', items: readItems(reading, ']') }
  if (token.text === '{') return readDict(reading)
  throw new Unreadable(needsPython)
}

/** Strings that stand side by side are one. */
function readStrings(reading: Reading, first: PythonToken): PythonValue {
  const texts = [asText(readString(reading, first))]
  while (reading.tokens[reading.at]?.kind === 'string') texts.push(asText(readString(reading, next(reading))))
  return textValue(texts.flat())
}

function readString(reading: Reading, token: PythonToken): PythonValue {
  if (!token.prefix?.includes('f')) return textValue([decodeString(token.text, token.prefix ?? '')])
  const parts = splitFormat(token).flatMap(piece => {
    if ('text' in piece) return [piece.text]
    const tokens = tokenizePython(piece.expression).flatMap(line => line.tokens)
    return asText(evaluatePython(tokens, reading.scope, reading.depth + 1))
  })
  return textValue(parts)
}

function readNumber({ text }: PythonToken): PythonValue {
  const value = Number(text.replaceAll('_', ''))
  if (Number.isNaN(value)) throw new Unreadable(needsPython)
  return numberValue(value)
}

const constants: Readonly<Record<string, PythonValue>> = {
  True: { kind: 'boolean', value: true },
  False: { kind: 'boolean', value: false },
  None: { kind: 'none' },
  lambda: { kind: 'function' },
}

const builtIns = new Set(['int', 'float', 'str'])

function readName(reading: Reading, { text }: PythonToken): PythonValue {
  if (text === 'lambda') {
    // Whatever it does, Gunicorn calls it.
    reading.at = reading.tokens.length
    return { kind: 'function' }
  }
  const constant = lookUp(constants, text)
  if (constant) return constant
  const value = reading.scope.values.get(text)
  if (value?.kind === 'unknown') throw new Unreadable(value.reason)
  if (value) return value
  const path = reading.scope.imports.get(text) ?? (builtIns.has(text) ? text : undefined)
  if (path === undefined) throw new Unreadable(needsPython)
  return { kind: 'reference', path }
}

function readGroup(reading: Reading): PythonValue {
  const start = reading.at
  const items = readItems(reading, ')')
  const [only] = items
  const isTuple = items.length !== 1 || reading.tokens[reading.at - 2]?.text === ','
  if (isTuple || only === undefined || start === reading.at) return { kind: 'list', items }
  return only
}

function readItems(reading: Reading, end: string): PythonValue[] {
  const items: PythonValue[] = []
  while (!skip(reading, end)) {
    items.push(readExpression(reading, 0))
    if (!isNext(reading, end) && !skip(reading, ',')) throw new Unreadable(needsPython)
  }
  return items
}

function readDict(reading: Reading): PythonValue {
  const entries = new Map<string, PythonValue>()
  while (!skip(reading, '}')) {
    const key = asText(readExpression(reading, 0)).filter(part => typeof part === 'string')
    if (!skip(reading, ':')) throw new Unreadable(needsPython)
    entries.set(key.join(''), readExpression(reading, 0))
    if (!isNext(reading, '}') && !skip(reading, ',')) throw new Unreadable(needsPython)
  }
  return { kind: 'dict', entries }
}

function readTrailers(reading: Reading, start: PythonValue): PythonValue {
  let value = start
  for (;;) {
    if (skip(reading, '.')) value = attributeOf(value, next(reading).text)
    else if (skip(reading, '(')) value = callOf(value, readCall(reading))
    else if (skip(reading, '[')) value = itemOf(value, readItems(reading, ']'))
    else return value
  }
}

function attributeOf(value: PythonValue, name: string): PythonValue {
  if (value.kind === 'reference') return { kind: 'reference', path: `${value.path}.${name}` }
  if (value.kind !== 'text') throw new Unreadable(needsPython)
  return name === 'parent' ? folderOf(value) : { kind: 'method', of: value, name }
}

function readCall(reading: Reading): Call {
  const args: PythonValue[] = []
  const named = new Map<string, PythonValue>()
  while (!skip(reading, ')')) {
    const [name, mark] = reading.tokens.slice(reading.at, reading.at + 2)
    if (name?.kind === 'name' && mark?.text === '=') {
      reading.at += 2
      named.set(name.text, readExpression(reading, 0))
    } else args.push(readExpression(reading, 0))
    if (!isNext(reading, ')') && !skip(reading, ',')) throw new Unreadable(needsPython)
  }
  return { args, named }
}

function callOf(value: PythonValue, call: Call): PythonValue {
  if (value.kind === 'reference') return callFunction(value.path, call)
  if (value.kind === 'method') return callMethod(value.of, value.name, call)
  throw new Unreadable(needsPython)
}

function itemOf(value: PythonValue, [index]: readonly PythonValue[]): PythonValue {
  if (value.kind === 'reference' && value.path === 'os.environ' && index) return variable(index)
  const found =
    value.kind === 'list' && index?.kind === 'number'
      ? value.items.at(index.value)
      : value.kind === 'dict' && index
        ? value.entries.get(asText(index).join(''))
        : undefined
  if (!found) throw new Unreadable(needsPython)
  return found
}

function next(reading: Reading): PythonToken {
  const token = reading.tokens[reading.at++]
  if (!token) throw new Unreadable(needsPython)
  return token
}

function isNext({ tokens, at }: Reading, text: string): boolean {
  return tokens[at]?.kind === 'mark' && tokens[at]?.text === text
}

function skip(reading: Reading, text: string): boolean {
  if (!isNext(reading, text)) return false
  reading.at++
  return true
}
