import { merged, type Text } from '../text.ts'

/** What an expression is worth, as far as that can be known without Python. */
export type PythonValue =
  | { readonly kind: 'text'; readonly text: Text }
  | { readonly kind: 'number'; readonly value: number }
  /** `int(os.environ.get('X', '4'))`: a number of the environment. */
  | { readonly kind: 'variable'; readonly text: Text }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'none' }
  | { readonly kind: 'list'; readonly items: readonly PythonValue[] }
  | { readonly kind: 'dict'; readonly entries: ReadonlyMap<string, PythonValue> }
  /** So many for each core, and so many more: `cpu_count() * 2 + 1`. */
  | { readonly kind: 'cores'; readonly times: number; readonly plus: number }
  | { readonly kind: 'function' }
  /** A module, or what is in one: `os.environ`. */
  | { readonly kind: 'reference'; readonly path: string }
  | { readonly kind: 'method'; readonly of: PythonValue; readonly name: string }
  | { readonly kind: 'unknown'; readonly reason: string }

/** An expression, or a part of it, that only Python can work out. */
export class Unreadable extends Error {}

export const needsPython = 'it cannot be read without running Python'

export function unknown(reason: string): PythonValue {
  return { kind: 'unknown', reason }
}

export function textValue(text: Text): PythonValue {
  return { kind: 'text', text: merged(text) }
}

export function numberValue(value: number): PythonValue {
  return { kind: 'number', value }
}

/** A value as a part of a text, as `str()` has it. */
export function asText(value: PythonValue): Text {
  if (value.kind === 'text' || value.kind === 'variable') return value.text
  if (value.kind === 'number') return [String(value.value)]
  if (value.kind === 'boolean') return [value.value ? 'True' : 'False']
  throw new Unreadable(needsPython)
}
