/** The value of the first cookie of a name in a `Cookie` field, as it is written there (RFC 6265, 5.4); undefined without it. */
export function readCookie(field: string | undefined, name: string): string | undefined {
  if (field === undefined) return undefined
  for (const pair of field.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}
