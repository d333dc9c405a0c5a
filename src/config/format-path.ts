/** The place of a value as messages have it: `apps.web.listen[1]`, `apps.web.edge.static["/media"].dir`. */
export function formatPath(path: readonly PropertyKey[]): string {
  return path.map((key, index) => formatStep(key, index === 0)).join('')
}

function formatStep(key: PropertyKey, isFirst: boolean): string {
  if (typeof key === 'number') return `[${key}]`
  const name = String(key)
  if (!/^[\w$-]+$/.test(name)) return `[${JSON.stringify(name)}]`
  return isFirst ? name : `.${name}`
}
