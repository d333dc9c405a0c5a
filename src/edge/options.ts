import * as z from 'zod'
import { count, path, size } from '../base/option-types.ts'
import { suggest } from '../base/suggest.ts'
import { accessOptions } from './access/options.ts'
import { checkAccessLogFormat } from './access-log/access-log.ts'
import { cacheOptions } from './cache/options.ts'
import { hostOptions, pathOptions } from './canonical/options.ts'
import { compressionOptions } from './compression/options.ts'
import { connectionOptions } from './connections/options.ts'
import { errorPageOptions } from './error-pages/options.ts'
import { requestIdOptions, trustOptions } from './forwarded/options.ts'
import { responseHeaderOptions } from './headers/options.ts'
import { http2Options } from './http2/options.ts'
import { limitOptions } from './limits/options.ts'
import { overloadOptions } from './overload/options.ts'
import { proxyOptions } from './proxy/options.ts'
import { rateLimitOptions } from './rate-limit/options.ts'

import { canonicalHostOptions, redirectOptions, rewriteOptions } from './redirects/options.ts'
import { staticCacheOptions, staticOptions } from './static/options.ts'

import { type TlsSettings, tlsOptions } from './tls/options.ts'

const namedFormats = ['combined', 'json', 'auto']

const format = z
  .string()
  .superRefine((value, context) => {
    const message = value === 'auto' ? undefined : checkAccessLogFormat(value)
    const meant = suggest(value, namedFormats)
    if (message) context.addIssue({ code: 'custom', message: meant ? `${message}, did you mean "${meant}"?` : message })
  })
  .meta({ expected: '"combined", "json", "auto" or a format of Gunicorn such as "%(h)s %(t)s"' })

const accessLogFile = z.strictObject({
  format: format.prefault('auto').meta({
    change: 'restart',
    description:
      '`"combined"` (Apache\'s), `"json"`, `"auto"` (json where Saola\'s own log is JSON, else combined), ' +
      'or a format string of Gunicorn such as `%(h)s %(t)s %(U)s %(q)s`.',
  }),
  file: path().prefault('-').meta({ change: 'restart', description: "The file; `-` is Saola's own output." }),
  maxBytes: size().prefault('50MB').meta({ change: 'restart', description: 'Rotate above this size; 0 never.' }),
  backups: count().prefault(10).meta({ change: 'restart', description: 'How many rotated files are kept.' }),
})

/** What is done with a request before and around the application. One section a step, from the folder of that step. */
const edgeSection = z.strictObject({
  trust: trustOptions,
  requestId: requestIdOptions,
  hosts: hostOptions,
  paths: pathOptions,
  limits: limitOptions,
  connections: connectionOptions,
  overload: overloadOptions,
  http2: http2Options,
  access: accessOptions,
  rateLimit: rateLimitOptions,
  canonicalHost: canonicalHostOptions,
  redirects: redirectOptions,
  rewrites: rewriteOptions,
  headers: responseHeaderOptions,
  errorPages: errorPageOptions,
  static: staticOptions,
  staticCache: staticCacheOptions,
  cache: cacheOptions,
  compression: compressionOptions,
  proxy: proxyOptions,
})

/** The edge as a worker runs it. */
export interface EdgeSettings extends z.output<typeof edgeSection> {
  readonly tls: TlsSettings | undefined
  /** An idle connection of a client ends after so long. */
  readonly keepAliveMs: number
}

/** What every setting of the edge is when nobody says otherwise. */
export function defaultEdge(): z.output<typeof edgeSection> {
  return edgeSection.parse({})
}

/** What is done with a request beside the application. */
export const edgeOptions = z.strictObject({
  edge: edgeSection.optional().meta({
    description:
      'What Nginx does for an application elsewhere: checks of every request, limits, files, a proxy, a cache. Without this ' +
      "section and without `tls`, the application's own server takes the connections.",
  }),
  tls: tlsOptions,
  accessLog: z
    .union([z.boolean(), format, accessLogFile])
    .transform(value => {
      if (value === false || typeof value === 'object') return value
      return accessLogFile.parse(value === true ? {} : { format: value })
    })
    .meta({ short: 'format', expected: 'true, false, a format, or { format, file, maxBytes, backups }' })
    .prefault(true)
    .meta({
      change: 'restart',
      description: 'One line for each answered request: `true`, a format, or this section. Off in `saola dev`.',
    }),
})
