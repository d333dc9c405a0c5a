import { plainOf } from '../text.ts'
import { needsPython, type PythonValue, Unreadable } from './python-values.ts'

/** What `if` makes of a value. */
export function isTruthy(value: PythonValue): boolean {
  switch (value.kind) {
    case 'boolean':
      return value.value
    case 'number':
      return value.value !== 0
    case 'none':
      return false
    case 'list':
      return value.items.length > 0
    case 'dict':
      return value.entries.size > 0
    case 'text': {
      const plain = plainOf(value.text)
      if (plain !== undefined) return plain !== ''
      throw new Unreadable(needsPython)
    }
    default:
      throw new Unreadable(needsPython)
  }
}

export function negate(value: PythonValue): PythonValue {
  return { kind: 'boolean', value: !isTruthy(value) }
}
