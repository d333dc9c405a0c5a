/**
 * Why the edge refuses: every word there is, with what it means. Whoever refuses says one of them, and it is counted by that; so
 * there are as many counts as rows, whatever clients do.
 */
export const refusalReasons = {
  'bad-request': 'It cannot be read, or can be read in two ways.',
  host: 'It is for a host that is not served here.',
  access: 'Its address or its password may not have that.',
  'rate-limit': 'Its client asks more often than it may.',
  connections: 'Too many connections or requests at the same time.',
  overload: 'There was more to do than could be done.',
  body: 'Its body is too long.',
  slow: 'Its client has sent or read too slowly, and was cut off.',
  timeout: 'It was not answered within `requestTimeout`.',
  http2: 'Its connection of HTTP/2 has cost more than it asked for, and was ended.',
  tls: 'Its connection has not come to speak TLS, or with a client certificate that is wrong.',
  method: 'Its method is not for what it asks for.',
  'not-found': 'Nobody has it: no file, no application, nobody for this WebSocket.',
  upstream: 'No upstream has answered.',
  failed: 'The edge itself has failed; the log says why.',
} as const

export type RefusalReason = keyof typeof refusalReasons
