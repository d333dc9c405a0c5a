import net from 'node:net'

export interface NameTable<Value> {
  /** By a host name without a port, in any case, or an IP address, that of version 6 with or without its brackets. */
  find(name: string): Value | undefined
}

/**
 * Finds what belongs to a host name. `*.example.com` has `www.example.com`, but neither `a.b.example.com` nor `example.com`
 * (RFC 9525, 6.3); an exact name comes first, and of two entries with one name the earlier.
 */
export function createNameTable<Value>(entries: Iterable<readonly [name: string, value: Value]>): NameTable<Value> {
  const exact = new Map<string, Value>()
  const wild = new Map<string, Value>()
  for (const [name, value] of entries) {
    const [table, key] = name.startsWith('*.') ? [wild, name.slice(1)] : [exact, name]
    const normal = normalName(key)
    if (!table.has(normal)) table.set(normal, value)
  }
  return {
    find(name) {
      const normal = normalName(name)
      const dot = normal.indexOf('.')
      return exact.get(normal) ?? (dot > 0 && !net.isIP(normal) ? wild.get(normal.slice(dot)) : undefined)
    },
  }
}

/** Lower case, without the dot of the root; an address of IPv6 in its shortest form (RFC 5952). */
export function normalName(name: string): string {
  const bare = name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name
  if (net.isIPv6(bare)) return new URL(`http://[${bare.replace(/%.*/, '')}]`).hostname.slice(1, -1)
  return bare.endsWith('.') ? bare.slice(0, -1).toLowerCase() : bare.toLowerCase()
}
