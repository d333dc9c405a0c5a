/**
 * Headers by which a proxy says who the client is, or what it has asked for. An application believes them, so they are
 * taken away from whoever is not a trusted proxy.
 */
const names: ReadonlySet<string> = new Set([
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-original-host',
  'x-original-url',
  'x-rewrite-url',
  'x-original-forwarded-for',
  'true-client-ip',
  'cf-connecting-ip',
  'fastly-client-ip',
  // Who the user is, as a proxy that asked for a password says it.
  'remote-user',
  'x-remote-user',
  'x-authenticated-user',
  'x-webauth-user',
  // A library of the application would send files by them.
  'x-sendfile-type',
  'x-accel-mapping',
])

const prefixes = [
  'x-forwarded-',
  'x-auth-request-',
  // Of a client's certificate, as nginx, Apache, Caddy and RFC 9440 pass it on.
  'x-ssl-',
  'x-client-cert',
  'ssl-client-',
  'client-cert',
]

/** @param name in lower case. */
export function isIdentityHeader(name: string): boolean {
  return names.has(name) || prefixes.some(prefix => name.startsWith(prefix))
}
