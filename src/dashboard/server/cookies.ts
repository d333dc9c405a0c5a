/** The one cookie of the dashboard. */
import { fingerprint } from '../../base/state-folder.ts'

export interface CookieRule {
  /** The values under its name that came with a request: anybody on this host may have added one. */
  read(header: string | undefined): string[]
  /** A header Set-Cookie; `maxAgeSeconds` 0 removes it. */
  write(value: string, options: { readonly maxAgeSeconds: number; readonly isSecure: boolean }): string
}

/** Of each of both names. */
const valuesMax = 4

/**
 * Cookies know no ports: trees whose dashboards are on one host each need a name of their own. `place` is what tells them apart.
 *
 * Where the connection is safe, its name begins with `__Host-`: then browsers take it only from this very host, over HTTPS (RFC 6265bis,
 * 4.1.3.2). An application on another port of a plain host could give the browser another one of this name, but none that is signed.
 */
export function cookieRule(place: string): CookieRule {
  const name = `saola-${fingerprint(place)}`
  const nameOf = (isSecure: boolean) => (isSecure ? `__Host-${name}` : name)
  return {
    read(header = '') {
      const pairs = header.split(';').map(pair => pair.trim())
      const valuesOf = (name: string) =>
        pairs.filter(pair => pair.startsWith(name)).map(pair => pair.slice(name.length))
      // The one that nobody else can have set comes first, and others do not crowd it out.
      return [true, false].flatMap(isSecure => valuesOf(`${nameOf(isSecure)}=`).slice(0, valuesMax))
    },
    write(value, { maxAgeSeconds, isSecure }) {
      const secure = isSecure ? '; Secure' : ''
      return `${nameOf(isSecure)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure}`
    },
  }
}
