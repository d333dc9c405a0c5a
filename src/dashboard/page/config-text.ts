/** Reads what `saola config --print` writes: a line for each setting, with its value and its origin in columns. Pure. */

export interface Setting {
  readonly path: string
  readonly value: string
  /** `default`, `file saola.config.ts`, `env PORT`, `flag --bind`. */
  readonly origin: string
  readonly isDefault: boolean
}

/** Undefined when a line is no such line: then the text is better shown as it is. */
export function parseConfig(text: string): readonly Setting[] | undefined {
  const lines = text.split('\n').filter(line => line.trim() !== '')
  const settings = lines.map(parseLine)
  return settings.every(setting => setting !== undefined) ? settings : undefined
}

function parseLine(line: string): Setting | undefined {
  // The columns are two spaces apart at least. A value may have such spaces in it; a name and an origin have none.
  const nameEnd = line.indexOf('  ')
  const originStart = line.trimEnd().lastIndexOf('  ') + 2
  if (nameEnd <= 0 || originStart <= nameEnd) return undefined
  const origin = line.slice(originStart).trim()
  const value = line.slice(nameEnd, originStart).trim()
  return { path: line.slice(0, nameEnd), value, origin, isDefault: origin === 'default' }
}

/** All words must be there, in any case. */
export function filterSettings(
  settings: readonly Setting[],
  { text, isSetOnly }: { readonly text: string; readonly isSetOnly: boolean },
): readonly Setting[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return settings.filter(({ path, value, origin, isDefault }) => {
    if (isSetOnly && isDefault) return false
    const all = `${path} ${value} ${origin}`.toLowerCase()
    return words.every(word => all.includes(word))
  })
}
