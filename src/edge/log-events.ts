import type { LogEvents } from '../base/log-events.ts'

/** What the edge writes. Lines of requests are in the access log instead. */
export const edgeLogEvents: LogEvents = {
  'edge.failed': {
    level: 'error',
    fields: ['step', 'error'],
    meaning:
      'A step threw, which is a fault of Saola or of a module of the configuration: the request got 500, or its connection ended.',
  },
  'edge.overload.begun': {
    level: 'warn',
    fields: ['loopDelayMs'],
    meaning: 'There is more to do than can be done: requests are refused with 503 from now on (`overload`).',
  },
  'edge.overload.ended': {
    level: 'info',
    fields: ['shed'],
    meaning: 'Everybody is served again; so many requests were refused since the worker began.',
  },
  'edge.slow-clients.cut': {
    level: 'warn',
    fields: ['slowBodies', 'slowReaders', 'overBudget', 'silentWebSockets'],
    meaning:
      'Clients were cut because they sent or read too slowly (`limits`), once for all of them; the numbers count since the ' +
      'worker began.',
  },
  'edge.http2.closed': {
    level: 'warn',
    fields: ['reason', 'connections', 'address'],
    meaning:
      'Connections that went beyond what `http2` allows were closed, a line for each reason and second; `address` is that of ' +
      'the first of them.',
  },
  'edge.forwarding.untrusted': {
    level: 'warn',
    fields: ['peer', 'advice'],
    meaning:
      'Something that looks like a proxy says for whom it asks, and is not in `trust`: all its clients count as one. Once a worker.',
  },
  'edge.proxy.body-not-kept': {
    level: 'error',
    fields: ['error', 'times'],
    meaning:
      'Bodies of requests could not be kept for an upstream (`bufferRequest`), and their clients got 507: at once, then once a ' +
      'minute at most.',
  },
  'edge.rate-limit.dry-run': {
    level: 'info',
    fields: ['path', 'refused'],
    meaning: 'A rule with `dryRun` would have refused so many requests since the last such line.',
  },
  'edge.rate-limit.alone': {
    level: 'warn',
    fields: ['error'],
    meaning: 'The store does not answer: each worker counts for itself, with its part of the rate.',
  },
  'edge.rate-limit.shared': {
    level: 'info',
    fields: [],
    meaning: 'The store answers again: the workers count together.',
  },
  'edge.rate-limit.key-failed': {
    level: 'error',
    fields: ['file', 'error'],
    meaning: 'The module of a `key` threw or returned no text, told once: requests are counted by address then.',
  },
  'edge.cache.alone': {
    level: 'warn',
    fields: ['error'],
    meaning: 'The store does not answer: each worker keeps its own answers.',
  },
  'edge.cache.shared': {
    level: 'info',
    fields: [],
    meaning: 'The store answers again: the workers share what they keep.',
  },
  'edge.static.no-folder': {
    level: 'warn',
    fields: ['path', 'dir'],
    meaning: 'A folder of `static` is not there: nothing is served below the path until it is.',
  },
  'edge.static.not-internal': {
    level: 'warn',
    fields: ['header', 'value'],
    meaning:
      'An answer named a file by `X-Accel-Redirect` or `X-Sendfile` that is not there, or in no mount with `internal: true`: its ' +
      'client got 404.',
  },
  'edge.upstream.down': {
    level: 'warn',
    fields: ['url', 'reason'],
    meaning: 'An upstream failed too often, or its health check says so: it gets no requests.',
  },
  'edge.upstream.up': {
    level: 'info',
    fields: ['url', 'reason'],
    meaning: 'It gets requests again.',
  },
  'edge.file.changed': {
    level: 'info',
    fields: ['file'],
    meaning: 'An error page or a file of users has changed, and counts from now on.',
  },
  'edge.file.refused': {
    level: 'warn',
    fields: ['file', 'error'],
    meaning: 'It has changed, but cannot be used: what was there before still counts.',
  },
  'edge.certificate.loaded': {
    level: 'info',
    fields: ['app', 'file', 'names', 'notAfter', 'fingerprint'],
    meaning: 'A certificate is served, at the start or after its file has changed.',
  },
  'edge.certificate.refused': {
    level: 'error',
    fields: ['app', 'error'],
    meaning: 'What is in the files now cannot be used: the certificates from before are served on.',
  },
  'edge.certificate.ending': {
    level: 'warn',
    fields: ['app', 'file', 'notAfter', 'days'],
    meaning: 'It ends soon; told once a day.',
  },
  'edge.certificate.expired': {
    level: 'warn',
    fields: ['app', 'file', 'notAfter'],
    meaning: 'It has ended, and clients refuse it; told once a day.',
  },
  'edge.certificate.early': {
    level: 'warn',
    fields: ['app', 'file', 'notBefore'],
    meaning: 'It does not count yet, and clients refuse it until then.',
  },
  'edge.certificate.exposed': {
    level: 'warn',
    fields: ['app', 'file', 'advice'],
    meaning: 'Everybody on this machine may read its private key.',
  },
}
