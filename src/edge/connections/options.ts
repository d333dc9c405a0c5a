import * as z from 'zod'
import { count, duration } from '../../base/option-types.ts'

const inFlight = z
  .strictObject({
    max: count({ max: 1_000_000 }).prefault(0).meta({
      change: 'restart',
      description: 'Requests that a worker has in work at the same time; what comes above it waits. 0: no limit.',
    }),
    perAddress: count({ max: 1_000_000 }).prefault(0).meta({
      change: 'restart',
      description: 'Of them from one client address (IPv6: one /64); above it 429. 0: no limit.',
    }),
    queue: count({ max: 100_000 })
      .prefault(100)
      .meta({ change: 'restart', description: 'How many may wait, first come first served; above it 503.' }),
    queueTimeout: duration()
      .prefault('2s')
      .meta({ change: 'restart', description: 'A request that has waited for so long is answered with 503.' }),
  })
  .prefault({})
  .meta({ description: 'Requests in work at the same time. Health checks (`overload.exempt`) are not counted.' })

/** How many connections and requests there may be. */
export const connectionOptions = z
  .strictObject({
    perAddress: count({ max: 1_000_000 }).prefault(0).meta({
      change: 'restart',
      description:
        'Connections of one address (IPv6: one /64) to each worker; more are closed at once. Not for peers in `trust`. 0: no limit.',
    }),
    requests: count().prefault(1000).meta({
      change: 'restart',
      description: 'A connection ends after so many requests, with `Connection: close`; 0 never. HTTP/1.1 only.',
    }),
    lifetime: duration().prefault('1h').meta({
      change: 'restart',
      description: 'A connection that is older ends after its next request; 0 never. HTTP/1.1 only.',
    }),
    inFlight,
  })
  .prefault({})
  .meta({ description: 'How many connections and requests there may be.' })

export type ConnectionSettings = z.output<typeof connectionOptions>
