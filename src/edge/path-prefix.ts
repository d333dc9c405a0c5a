/**
 * Whether a canonical path is at or below a prefix, by whole segments: `/media` has `/media` and `/media/a.png`, never
 * `/mediaX`. `/` has all. A prefix that ends in a slash means the same as without it.
 */
export function isBelow(prefix: string, path: string): boolean {
  const bare = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix
  return path.startsWith(bare) && (path.length === bare.length || path.charCodeAt(bare.length) === slash)
}

const slash = 0x2f

/** Finds the entry with the longest prefix of a path. */
export function createPrefixTable<Value>(entries: Iterable<readonly [prefix: string, value: Value]>): {
  find(path: string): { readonly prefix: string; readonly value: Value } | undefined
} {
  const sorted = [...entries]
    .map(([prefix, value]) => ({ prefix: prefix.endsWith('/') ? prefix.slice(0, -1) : prefix, value }))
    .sort((a, b) => b.prefix.length - a.prefix.length)
  return { find: path => sorted.find(({ prefix }) => isBelow(prefix, path)) }
}
