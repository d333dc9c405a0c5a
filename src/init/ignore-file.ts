import type { PlannedFile } from './planned-file.ts'

/** What must not be in a repository: the state of a tree, and the secrets of one machine. */
const ignored: readonly string[] = ['.saola/', '.env', '.env.local']

/** A `.gitignore`, or one like it, that has these lines, too. Those that a pattern in it covers are not said again. */
export function planIgnoreFile(path: string, current: string | undefined, wanted = ignored): PlannedFile {
  const patterns = (current ?? '').split(/\r?\n/).map(line => line.trim())
  const added = wanted.filter(name => !patterns.some(pattern => isAbout(pattern, name)))
  if (added.length === 0) return { path, text: current ?? '', added, has: `has ${wanted.join(', ')}` }
  const newline = current?.includes('\r\n') ? '\r\n' : '\n'
  const before = current === undefined || current === '' || current.endsWith('\n') ? current : `${current}${newline}`
  return { path, text: `${before ?? ''}${added.join(newline)}${newline}`, added }
}

/** Does a line of the file decide about this name? One that takes it back (`!.env`) does, too: somebody wants it so. */
function isAbout(line: string, name: string): boolean {
  if (line === '' || line.startsWith('#')) return false
  const pattern = withoutPlace(line.replace(/^!/, ''))
  // A pattern that ends in a slash is about folders only.
  if (pattern.endsWith('/') && !name.endsWith('/')) return false
  const parts = pattern.replace(/\/$/, '').split(/(\*+|\?)/)
  const source = parts.map(part => (part.startsWith('*') ? '[^/]*' : part === '?' ? '[^/]' : RegExp.escape(part)))
  return new RegExp(`^${source.join('')}$`).test(withoutPlace(name).replace(/\/$/, ''))
}

// With two stars and a slash before it, or the slash alone, a pattern is about the name that follows.
function withoutPlace(pattern: string): string {
  return pattern.replace(/^(?:\*\*)?\//, '')
}
