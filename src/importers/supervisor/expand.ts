import { hostname } from 'node:os'
import { merged, type Part, type Text } from '../text.ts'

/** What the `%(…)s` of a value stand for. */
export interface Scope {
  /** By name: `program_name`, `group_name`, `numprocs`. */
  readonly values: ReadonlyMap<string, string>
  /** Variables that the file sets itself: `%(ENV_X)s` of those is known here. */
  readonly variables: ReadonlyMap<string, Text>
  /** What `%(here)s` is: the folder of the file. */
  readonly folder: string
  /** Whether there is a `process_num` here. */
  readonly hasInstance?: boolean
}

export interface Expanded {
  readonly text: Text
  /** What supervisord would stumble over. */
  readonly problems: readonly string[]
}

const placeholder = /%(?:\(([^)]*)\)([#0 +-]*\d*(?:\.\d+)?)([sdi])|(%)|(.?))/gs

/**
 * Replaces what Python's `%` operator would.
 *
 * ```ts
 * expand('worker-%(process_num)02d', scope).text  // ['worker-', { kind: 'instance', format: '02d' }]
 * ```
 */
export function expand(value: string, scope: Scope): Expanded {
  const parts: Part[] = []
  const problems: string[] = []
  let end = 0
  for (const found of value.matchAll(placeholder)) {
    const [whole, name, flags = '', type = '', percent] = found
    parts.push(value.slice(end, found.index))
    end = found.index + whole.length
    if (percent) parts.push('%')
    else if (name === undefined) {
      problems.push(`${JSON.stringify(whole)} is no %(name)s: a lone % is written %%`)
      parts.push(whole)
    } else {
      const known = partsFor(name, `${flags}${type}`, scope)
      if (known === undefined) problems.push(`supervisord knows no %(${name})s here`)
      parts.push(...(known ?? [whole]))
    }
  }
  parts.push(value.slice(end))
  return { text: merged(parts), problems }
}

function partsFor(name: string, format: string, scope: Scope): Text | undefined {
  if (name === 'here') return [{ kind: 'folder', path: scope.folder }]
  if (name === 'host_node_name') return [hostname()]
  if (name === 'process_num' && scope.hasInstance) return [{ kind: 'instance', format }]
  const variable = /^ENV_(.+)$/s.exec(name)?.[1]
  if (variable !== undefined) return scope.variables.get(variable) ?? [{ kind: 'env', name: variable }]
  const value = scope.values.get(name)
  return value === undefined ? undefined : [formatted(value, format)]
}

/**
 * What Python's `%` makes of a number or text: `formatted('3', '02d')` is `03`.
 */
export function formatted(value: string, format: string): string {
  const [, flags = '', width = '0'] = /^([#0 +-]*)(\d*)/.exec(format) ?? []
  if (flags.includes('-')) return value.padEnd(Number(width))
  return value.padStart(Number(width), flags.includes('0') && !format.endsWith('s') ? '0' : ' ')
}
