/** Writes a configuration as a person would, in the form that Biome and Prettier leave as it is. */
import { printable } from '../base/printable.ts'
import {
  type Code,
  type Entry,
  type Import,
  isList,
  isSection,
  type Section,
  type Source,
  type Value,
} from './source.ts'

const widthMax = 120
/** Sections that have room on one line, and no more entries than this, are written on one. */
const entriesOfLineMax = 3

/** The text of a `saola.config.ts`. */
export function writeSource({ comment, constants, config }: Source): string {
  const body = { key: '', value: config }
  const blocks = [
    writeImports([...constants, body]),
    ...constants.map(
      ({ key, value }) => `const ${key} = ${write(value, { indent: 0, used: key.length + 9, depth: 2 })}`,
    ),
    [
      ...comment.map(line => `// ${asComment(line)}`),
      `export default defineConfig(${write(config, { indent: 0, used: 0, depth: 0 })})`,
    ].join('\n'),
  ]
  return `${blocks.join('\n\n')}\n`
}

function writeImports(entries: readonly Entry[]): string {
  const imports = [{ name: 'defineConfig', from: 'saola' }, ...entries.flatMap(({ value }) => importsOf(value))]
  const modules = [...new Set(imports.map(({ from }) => from))].sort((a, b) => rankOf(a) - rankOf(b))
  return modules
    .map(module => {
      const names = new Set(imports.filter(({ from }) => from === module).map(({ name }) => name))
      return `import { ${[...names].sort().join(', ')} } from '${module}'`
    })
    .join('\n')
}

function rankOf(module: string): number {
  return module.startsWith('node:') ? 0 : 1
}

function importsOf(value: Value): readonly Import[] {
  if (typeof value !== 'object') return []
  if (isList(value)) return value.flatMap(importsOf)
  return value.kind === 'code' ? value.imports : value.entries.flatMap(inner => importsOf(inner.value))
}

interface Position {
  readonly indent: number
  /** Columns of the first line that are taken before the value. */
  readonly used: number
  /** How many sections it is in: the first ones are always open. */
  readonly depth: number
}

function write(value: Value, position: Position): string {
  if (!isSectionOrList(value)) return writePlain(value)
  const inline = writeInline(value)
  // A comma stands behind it.
  const fits = inline !== undefined && position.used + inline.length + 1 <= widthMax
  if (fits && !(isSection(value) && mustBeOpen(value, position.depth))) return inline
  const inner = position.indent + 2
  const lines = isSection(value)
    ? value.entries.flatMap(each => writeEntry(each, inner, position.depth + 1))
    : value.map(item => {
        const text = write(item, { indent: inner, used: inner, depth: position.depth + 1 })
        return `${' '.repeat(inner)}${text},`
      })
  const [open, close] = isSection(value) ? ['{', '}'] : ['[', ']']
  return [open, ...lines, `${' '.repeat(position.indent)}${close}`].join('\n')
}

function mustBeOpen({ entries }: Section, depth: number): boolean {
  if (entries.length === 0) return false
  if (depth === 0 || entries.length > entriesOfLineMax) return true
  // All applications or programs, and each of them.
  return (depth === 1 && entries.some(({ value }) => isSection(value))) || (depth === 2 && entries.length > 1)
}

/** On one line; undefined where that cannot be, because something is said about a part of it. */
function writeInline(value: Value): string | undefined {
  if (!isSectionOrList(value)) return writePlain(value)
  if (!isSection(value)) {
    const items = value.map(writeInline)
    return items.includes(undefined) ? undefined : `[${items.join(', ')}]`
  }
  if (value.entries.length === 0) return '{}'
  const parts = value.entries.map(({ key, value: inner, comment }) => {
    if (comment !== undefined || (isSection(inner) && inner.entries.length > entriesOfLineMax)) return undefined
    const text = writeInline(inner)
    return text === undefined ? undefined : writeKeyed(key, text)
  })
  return parts.includes(undefined) ? undefined : `{ ${parts.join(', ')} }`
}

function writeEntry({ key, value, comment }: Entry, indent: number, depth: number): string[] {
  const pad = ' '.repeat(indent)
  const used = indent + (key.startsWith('...') ? 0 : writeKey(key).length + 2)
  const text = write(value, { indent, used, depth })
  const line = `${pad}${writeKeyed(key, isTooLong(value, used) ? `\n${pad}  ${text}` : text)},`
  if (comment === undefined) return [line]
  const said = `// ${asComment(comment)}`
  const isShort = !line.includes('\n') && line.length + 1 + said.length <= widthMax
  return isShort ? [`${line} ${said}`] : [`${pad}${said}`, line]
}

/** A text that does not fit behind its key stands below it. */
function isTooLong(value: Value, used: number): boolean {
  return typeof value === 'string' && used + writePlain(value).length + 1 > widthMax
}

function writeKeyed(key: string, text: string): string {
  if (key.startsWith('...')) return key
  return `${writeKey(key)}:${text.startsWith('\n') ? '' : ' '}${text}`
}

function writeKey(key: string): string {
  // Without brackets it would be the prototype.
  if (key === '__proto__') return `['__proto__']`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : quote(key)
}

function writePlain(value: string | number | boolean | Code): string {
  if (typeof value === 'string') return quote(value)
  return typeof value === 'object' ? value.code : String(value)
}

/** In single quotes, unless that takes more backslashes. Nothing in it is invisible. */
export function quote(text: string): string {
  const count = (character: string) => text.split(character).length
  const mark = count("'") > count('"') ? '"' : "'"
  return `${mark}${escapeText(text, mark)}${mark}`
}

const shortEscapes: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The inside of a literal between these marks. */
export function escapeText(text: string, mark: "'" | '"' | '`'): string {
  const escaped = text.replace(/[\\\n\r\t]/g, character => shortEscapes[character] ?? '\\\\')
  const marked = escaped.replaceAll(mark, `\\${mark}`)
  return printable(mark === '`' ? marked.replaceAll('${', '\\${') : marked)
}

function asComment(text: string): string {
  return printable(text.replace(/\s+/g, ' '))
}

function isSectionOrList(value: Value): value is Section | readonly Value[] {
  return typeof value === 'object' && (isList(value) || value.kind === 'section')
}
