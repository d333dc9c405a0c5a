import { joinPaths } from './python-functions.ts'
import { isTruthy, negate } from './python-truth.ts'
import { asText, needsPython, numberValue, type PythonValue, textValue, Unreadable } from './python-values.ts'

/** How tightly operators bind; `or` least. */
export const bindings: Readonly<Record<string, number>> = {
  or: 1,
  and: 2,
  '+': 4,
  '-': 4,
  '*': 5,
  '/': 5,
  '//': 5,
  '%': 5,
  '**': 7,
}

type Operator = (left: PythonValue, right: PythonValue) => PythonValue

const arithmetic: Readonly<Record<string, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '//': (left, right) => Math.floor(left / right),
  '%': (left, right) => left - right * Math.floor(left / right),
  '**': (left, right) => left ** right,
}

/** The value of two values and the operator between them. */
export function operate(operator: string, left: PythonValue, right: PythonValue): PythonValue {
  if (operator === 'or') return either(left, right)
  if (operator === 'and') return isTruthy(left) ? right : left
  const calculate = arithmetic[operator]
  if (left.kind === 'number' && right.kind === 'number' && calculate) {
    const value = calculate(left.value, right.value)
    if (Number.isFinite(value)) return numberValue(value)
  }
  const operation = operations.find(candidate => candidate.operator === operator && candidate.fits(left, right))
  if (!operation) throw new Unreadable(needsPython)
  return operation.of(left, right)
}

interface Operation {
  readonly operator: string
  readonly fits: (left: PythonValue, right: PythonValue) => boolean
  readonly of: Operator
}

const areTexts = (left: PythonValue, right: PythonValue) => left.kind === 'text' && right.kind === 'text'
const areLists = (left: PythonValue, right: PythonValue) => left.kind === 'list' && right.kind === 'list'
const hasCores = (left: PythonValue, right: PythonValue) =>
  [left.kind, right.kind].sort().join() === 'cores,number' || (left.kind === 'cores' && right.kind === 'cores')

const operations: readonly Operation[] = [
  { operator: '+', fits: areTexts, of: (left, right) => textValue([...asText(left), ...asText(right)]) },
  {
    operator: '+',
    fits: areLists,
    of: (left, right) => ({ kind: 'list', items: [...itemsOf(left), ...itemsOf(right)] }),
  },
  { operator: '/', fits: areTexts, of: (left, right) => textValue(joinPaths([asText(left), asText(right)])) },
  { operator: '%', fits: left => left.kind === 'text', of: fillPercent },
  ...['+', '-', '*', '//', '/'].map(operator => ({ operator, fits: hasCores, of: countCores(operator) })),
]

function itemsOf(value: PythonValue): readonly PythonValue[] {
  return value.kind === 'list' ? value.items : [value]
}

/** `os.environ.get('X') or 'y'` is a variable with a fallback. */
function either(left: PythonValue, right: PythonValue): PythonValue {
  const [only] = left.kind === 'text' ? left.text : []
  if (left.kind !== 'text' || left.text.length !== 1 || typeof only !== 'object' || only.kind !== 'env') {
    return isTruthy(left) ? left : right
  }
  const [fallback, ...others] = asText(right)
  if (only.fallback !== undefined || typeof fallback !== 'string' || others.length > 0)
    throw new Unreadable(needsPython)
  return textValue([{ ...only, fallback }])
}

/** `'%s:%d' % (host, port)`. */
function fillPercent(template: PythonValue, values: PythonValue): PythonValue {
  const rest = [...itemsOf(values)]
  const pieces = asText(template).flatMap(part => {
    if (typeof part !== 'string') return [part]
    return part.split(/(%(?:%|\(\w+\))?.)/).flatMap(piece => {
      if (piece === '%%') return ['%']
      if (!piece.startsWith('%')) return [piece]
      const value = /^%[sdi]$/.test(piece) ? rest.shift() : undefined
      if (value === undefined) throw new Unreadable(needsPython)
      return asText(value)
    })
  })
  return textValue(pieces)
}

/** Calculations with the number of cores, as far as they stay so many for each and so many more. */
function countCores(operator: string): Operator {
  return (left, right) => {
    const [a, b] = [linear(left), linear(right)]
    if (operator === '+') return { kind: 'cores', times: a.times + b.times, plus: a.plus + b.plus }
    if (operator === '-') return { kind: 'cores', times: a.times - b.times, plus: a.plus - b.plus }
    const [scaled, factor] = left.kind === 'number' ? [b, left] : [a, right]
    if (factor.kind !== 'number' || (operator !== '*' && left.kind === 'number')) throw new Unreadable(needsPython)
    const by = operator === '*' ? factor.value : 1 / factor.value
    return { kind: 'cores', times: scaled.times * by, plus: scaled.plus * by }
  }
}

function linear(value: PythonValue): { times: number; plus: number } {
  if (value.kind === 'cores') return value
  return { times: 0, plus: value.kind === 'number' ? value.value : 0 }
}

/** A sign or `not` before a value. */
export function operateOn(operator: string, value: PythonValue): PythonValue {
  if (operator === 'not') return negate(value)
  if (value.kind !== 'number') throw new Unreadable(needsPython)
  return numberValue(operator === '-' ? -value.value : value.value)
}
