import * as z from 'zod'
import { count, duration, size } from '../../base/option-types.ts'
import { pathPrefix } from '../route-options.ts'

const bodyBytes = () =>
  size().meta({ change: 'restart', description: 'The body of a request; above it 413. 0: no limit.' })

/** What a client may send, and how slowly. */
export const limitOptions = z
  .strictObject({
    headerBytes: size().prefault('16KB').meta({
      change: 'restart',
      description: 'The request line and all header fields of a request; above it 431.',
    }),
    headers: count({ min: 1, max: 1000 })
      .prefault(128)
      .meta({ change: 'restart', description: 'Header fields of a request; above it 431.' }),
    headerTimeout: duration()
      .prefault('15s')
      .meta({ change: 'restart', description: 'A connection that has not sent the head of a request by then ends.' }),
    bodyBytes: size().prefault('1MB').meta({
      change: 'restart',
      description:
        'The body of a request; above it 413, before anybody reads it where its length is announced. 0: no limit.',
    }),
    routes: z
      .array(
        z.strictObject({
          path: pathPrefix().meta({ change: 'restart', description: 'This path and all below it, by whole segments.' }),
          bodyBytes: bodyBytes(),
        }),
      )
      .max(1000)
      .prefault([])
      .meta({
        change: 'restart',
        expected: 'a list of { path, bodyBytes }',
        description: 'Other limits for some paths: `[{ path: "/upload", bodyBytes: "2GB" }]`. The longest path counts.',
      }),
    idleTimeout: duration()
      .prefault('60s')
      .meta({
        change: 'restart',
        description:
          'A client that sends nothing more of a body, or takes nothing more of an answer, is cut after so long; 0 never. ' +
          'Time in which the application works counts for nobody.',
      }),
    minRate: size()
      .prefault(500)
      .meta({
        change: 'restart',
        description:
          'Bytes a second: a client that stays below it for some `idleTimeout` is cut, too, in both directions. ' +
          '0: any progress is enough.',
      }),
    transferTimeout: duration().prefault(0).meta({
      change: 'restart',
      description: 'A body or an answer whose transfer takes longer is cut, however fast it is; 0 never.',
    }),
    pendingBytes: size()
      .prefault('256MB')
      .meta({
        change: 'restart',
        description:
          'Bytes of answers that may wait in memory for clients to read them, in each worker; above it the slowest clients are ' +
          'cut. 0: no limit.',
      }),
    webSocketIdleTimeout: duration().prefault(0).meta({
      change: 'restart',
      description: 'A WebSocket on which nothing goes in either direction is cut after so long; 0 never.',
    }),
  })
  .prefault({})
  .meta({ description: 'What a client may send, and how slowly. See docs/edge/limits-and-slow-clients.md.' })

export type LimitSettings = z.output<typeof limitOptions>
