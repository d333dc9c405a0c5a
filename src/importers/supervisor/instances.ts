import type { Part, Text } from '../text.ts'
import { formatted } from './expand.ts'

/** The processes of a program: their numbers in supervisord. */
export interface Numbers {
  readonly start: number
  readonly count: number
}

/**
 * The text with Saola's `{instance}`, which counts from 0, in the place of supervisord's number; undefined where the two
 * differ by more than what stands before them.
 *
 * ```ts
 * withInstance(['80', { kind: 'instance', format: '02d' }], { start: 0, count: 4 })  // '800{instance}'
 * ```
 */
export function withInstance(text: Text, numbers: Numbers): Text | undefined {
  const parts = text.map((part): Text | undefined => {
    if (!isInstance(part)) return [part]
    if (numbers.count === 1) return [formatted(String(numbers.start), part.format)]
    const prefix = prefixOf(part.format, numbers)
    return prefix === undefined ? undefined : [prefix, { kind: 'instance', format: 'd' }]
  })
  return parts.some(part => part === undefined) ? undefined : parts.flatMap(part => part ?? [])
}

/** What all numbers have before the one that Saola counts: `00` to `07` is `0` and 0 to 7. */
function prefixOf(format: string, { start, count }: Numbers): string | undefined {
  const first = formatted(String(start), format)
  const prefix = first.endsWith('0') ? first.slice(0, -1) : undefined
  for (let number = 0; number < count; number++) {
    if (`${prefix}${number}` !== formatted(String(start + number), format)) return undefined
  }
  return prefix
}

function isInstance(part: Part): part is Extract<Part, { kind: 'instance' }> {
  return typeof part === 'object' && part.kind === 'instance'
}
