import * as z from 'zod'
import { count, duration, size } from '../../base/option-types.ts'

/** What one connection of HTTP/2 may do. The head of a request has the limits of `limits`, as in HTTP/1.1. */
const http2Section = z.strictObject({
  streams: count({ min: 1, max: 10_000 })
    .prefault(100)
    .meta({ change: 'restart', description: 'Requests that a connection may have open at the same time.' }),
  requests: count()
    .prefault(10_000)
    .meta({ change: 'restart', description: 'Requests after which a connection is ended with GOAWAY; 0 never.' }),
  keepAlive: duration().prefault('60s').meta({
    change: 'restart',
    description: 'A connection without an open request ends after so long; PING counts not.',
  }),
  streamIdleTimeout: duration()
    .prefault('30s')
    .meta({
      change: 'restart',
      description:
        'A request of which nothing more comes, or whose answer the client takes nothing more of, is reset after so long, ' +
        'and one of a connection that stays below `limits.minRate` for some of it; 0 never.',
    }),
  resetBurst: count({ min: 1, max: 1_000_000 })
    .prefault(100)
    .meta({ change: 'restart', description: 'Requests that a client may cancel at once: see `resetRate`.' }),
  resetRate: count({ min: 1, max: 1_000_000 }).prefault(10).meta({
    change: 'restart',
    description: 'Requests that it may cancel in a second, beside the burst; above it the connection ends.',
  }),
  invalidFrames: count({ min: 1, max: 1_000_000 })
    .prefault(100)
    .meta({ change: 'restart', description: 'Broken and empty frames after which a connection ends.' }),
  glitchBurst: count({ min: 4, max: 1_000_000 })
    .prefault(100)
    .meta({
      change: 'restart',
      description:
        'Frames without a use (PING, SETTINGS, requests that are not valid) at once. At three quarters of it the connection ' +
        'is asked to end, above it it is closed: see `glitchRate`.',
    }),
  glitchRate: count({ min: 1, max: 1_000_000 })
    .prefault(10)
    .meta({ change: 'restart', description: 'How many of them are forgiven in a second.' }),
  maxSessionBytes: size().prefault('10MB').meta({
    change: 'restart',
    description: 'What the HTTP/2 of a connection may hold; above it new requests are refused.',
  }),
  streamWindowBytes: size().prefault('256KB').meta({
    change: 'restart',
    description: 'Bytes of one body that a client may send ahead of the application (RFC 9113, 5.2).',
  }),
  connectionWindowBytes: size()
    .prefault('1MB')
    .meta({ change: 'restart', description: 'The same for all bodies of a connection together.' }),
})

/** HTTP/2, unless it is switched off. */
export const http2Options = z
  .union([z.boolean(), http2Section])
  .transform(value => (value === true ? http2Section.parse({}) : value))
  .prefault(true)
  .meta({
    change: 'restart',
    expected: 'true, false, or { streams, requests, … }',
    description:
      'HTTP/2, which clients choose by themselves where there is TLS. `false`: only HTTP/1.1 is offered to them. ' +
      'See docs/edge/http2.md.',
  })

export type Http2Settings = z.output<typeof http2Section>
