import * as z from 'zod'
import { choice, count, size, text } from '../../base/option-types.ts'
import type { Encoding } from '../content/accept-encoding.ts'

const encodings = ['br', 'zstd', 'gzip'] as const satisfies readonly Encoding[]

const typesDefault = [
  'text/*',
  'application/json',
  'application/*+json',
  'application/javascript',
  'application/xml',
  'application/*+xml',
  'application/manifest+json',
  'application/wasm',
  'application/x-ndjson',
  'image/svg+xml',
  'image/bmp',
  'image/x-icon',
  'image/vnd.microsoft.icon',
  'font/ttf',
  'font/otf',
  'application/vnd.ms-fontobject',
]

const levels = z
  .strictObject({
    br: count({ max: 11 }).prefault(4).meta({ change: 'restart', description: 'Of Brotli, from 0 to 11.' }),
    zstd: count({ min: 1, max: 19 })
      .prefault(3)
      .meta({ change: 'restart', description: 'Of Zstandard, from 1 to 19.' }),
    gzip: count({ min: 1, max: 9 }).prefault(6).meta({ change: 'restart', description: 'Of gzip, from 1 to 9.' }),
  })
  .prefault({})
  .meta({ description: 'How much work goes into it.' })

const compressionSection = z.strictObject({
  encodings: z
    .array(choice(encodings))
    .min(1)
    .prefault([...encodings])
    .meta({
      change: 'restart',
      expected: 'a list of "br", "zstd" and "gzip"',
      description: 'What is offered; among those that a client likes equally, the first.',
    }),
  minBytes: size().prefault('1KB').meta({
    change: 'restart',
    description: 'An answer that is known to be smaller is left as it is: it fits in one packet anyway.',
  }),
  types: z
    .array(text('a media type such as "text/*"').regex(/^[\w!#$&^.+*-]+\/[\w!#$&^.+*-]+$/))
    .max(200)
    .prefault(typesDefault)
    .meta({
      change: 'restart',
      expected: 'a list of media types such as "text/*"',
      description: 'Which answers. `text/event-stream` only where it is named itself.',
    }),
  level: levels,
  cookies: choice(['guard', 'never', 'always'])
    .prefault('guard')
    .meta({
      change: 'restart',
      description:
        'Against BREACH, which guesses secrets from the length of compressed answers. `"guard"`: an answer that sets a cookie, ' +
        'and one that a page of another site has asked for with cookies or a login, are left as they are; `"never"`: all that ' +
        'have to do with cookies or a login; `"always"`: none.',
    }),
  concurrency: count({ min: 1, max: 10_000 }).prefault(100).meta({
    change: 'restart',
    description: 'Long answers that are compressed at the same time, in each worker; more are sent as they are.',
  }),
})

/** Answers are made smaller. */
export const compressionOptions = z
  .union([z.boolean(), compressionSection])
  .transform(value => (typeof value === 'object' ? value : value ? compressionSection.parse({}) : undefined))
  .prefault(false)
  .meta({
    change: 'restart',
    expected: 'true, false, or { encodings, minBytes, types, level, cookies, concurrency }',
    description:
      'Compress the answers of the application and of upstreams, and small files of `static` that are not `precompressed`, for ' +
      'clients that accept it: `true`, or this section. See docs/edge/compression.md.',
  })

export type CompressionSettings = z.output<typeof compressionSection>
