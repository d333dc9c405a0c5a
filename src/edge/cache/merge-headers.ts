/** The headers of a 304 over those that are kept; not what describes its absent body. */
export function mergeHeaders(kept: readonly string[], fresh: readonly string[]): string[] {
  const renewed = withoutContent(lowered(fresh))
  const merged: string[] = []
  const add = (raw: readonly string[], isWanted: (name: string) => boolean) => {
    for (let i = 0; i + 1 < raw.length; i += 2) {
      const [name = '', value = ''] = [raw[i], raw[i + 1]]
      if (isWanted(name.toLowerCase())) merged.push(name, value)
    }
  }
  add(kept, name => !(name in renewed))
  add(fresh, name => name in renewed)
  return merged
}

/** By name in lower case; what stands there twice is joined by commas. */
export function lowered(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = String(raw[i]).toLowerCase()
    headers[name] = name in headers ? `${headers[name]}, ${raw[i + 1]}` : String(raw[i + 1])
  }
  return headers
}

/** Without what describes a body. */
export function withoutContent(headers: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(headers).filter(([name]) => !/^content-(?!location$|security-policy)/.test(name))
  return Object.assign(Object.create(null), Object.fromEntries(entries))
}
