/** Texts of which parts are known only where the configuration is read, or where a process is started. */
import { folderFrom } from './folders.ts'
import { code, type Value } from './source.ts'
import { escapeText, quote } from './write-source.ts'

/** A variable of the environment. */
interface VariablePart {
  readonly kind: 'env'
  readonly name: string
  readonly fallback?: string | undefined
}

export type Part =
  | string
  | VariablePart
  /** A folder of this machine, absolute, such as that of the file that is imported. */
  | { readonly kind: 'folder'; readonly path: string }
  /** The number of a process among those of its program, in a format of Python such as `02d`. */
  | { readonly kind: 'instance'; readonly format: string }

export type Text = readonly Part[]

/** The same text, in which no two strings stand side by side. */
export function merged(text: Text): Text {
  const parts: Part[] = []
  for (const part of text) {
    const last = parts.at(-1)
    if (part === '') continue
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part
    else parts.push(part)
  }
  return parts
}

/** The text, where all of it is known. */
export function plainOf(text: Text): string | undefined {
  return text.every(part => typeof part === 'string') ? text.join('') : undefined
}

/**
 * For commands and variables of programs: Saola fills in `{env.X}` and `{instance}` when it starts them. Folders are
 * written as they are seen `from` the one that the program runs in, if that is known.
 */
export function templateOf(text: Text, from: string | undefined): string {
  return text
    .map(part => {
      if (typeof part === 'string') return part
      if (part.kind === 'env') return `{env.${part.name}}`
      if (part.kind === 'instance') return '{instance}'
      return from === undefined ? part.path : folderFrom(from, part.path)
    })
    .join('')
}

/** For paths: what is not known is evaluated with the configuration, which is in the folder `from`. */
export function pathOf(text: Text, from: string): Value {
  return settingOf(text.map(part => (isFolder(part) ? folderFrom(from, part.path) : part)))
}

/** For all other settings. The folder `target` is the one that the configuration is in, wherever that will be. */
export function settingOf(text: Text, target?: string): Value {
  const parts = text.map(part => {
    if (isFolder(part) && part.path !== target) return part.path
    return typeof part === 'object' && part.kind === 'instance' ? '{instance}' : part
  })
  const plain = plainOf(parts)
  if (plain !== undefined) return plain
  const imports = parts.some(part => typeof part === 'object' && part.kind === 'env') ? [envImport] : []
  const [only] = parts
  if (parts.length === 1 && typeof only === 'object') return code(expressionOf(only), ...imports)
  const inner = parts.map(part => (typeof part === 'string' ? escapeText(part, '`') : `\${${expressionOf(part)}}`))
  return code(`\`${inner.join('')}\``, ...imports)
}

const envImport = { name: 'env', from: 'saola' }

function expressionOf(part: Exclude<Part, string>): string {
  if (part.kind !== 'env') return 'import.meta.dirname'
  const fallback = part.fallback === undefined ? '' : `, ${quote(part.fallback)}`
  return `env(${quote(part.name)}${fallback})`
}

export function isFolder(part: Part): part is Extract<Part, { kind: 'folder' }> {
  return typeof part === 'object' && part.kind === 'folder'
}
