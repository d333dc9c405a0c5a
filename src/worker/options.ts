import * as z from 'zod'
import { count, duration, path } from '../base/option-types.ts'

const graceful = z
  .strictObject({
    timeout: duration()
      .prefault('30s')
      .meta({ change: 'restart', description: 'What a draining worker has not answered after this time is cut off.' }),
    delay: duration().prefault('0').meta({
      change: 'restart',
      description: 'Keep accepting for this time before draining, so that a balancer in front can look elsewhere.',
    }),
    idle: duration().prefault('3s').meta({
      change: 'restart',
      description: 'Close keep-alive connections that stay idle for this time while draining.',
    }),
    websockets: duration().prefault('10s').meta({
      change: 'restart',
      description: 'Cut off WebSockets that have not answered the close (1001) after this time.',
    }),
  })
  .prefault({})
  .meta({ description: 'How a worker ends.' })

const ready = z
  .strictObject({
    signal: z.boolean().prefault(false).meta({
      change: 'restart',
      description: 'Wait until the application calls `ready()` of `saola/app`.',
    }),
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/)
      .meta({ expected: 'the path of a request such as "/healthz"' })
      .optional()
      .meta({ change: 'restart', description: 'The path that is asked for.' }),
    status: count({ min: 100, max: 599 })
      .prefault(200)
      .meta({ change: 'restart', description: 'The status of a ready application.' }),
  })
  .prefault({})
  .meta({
    description:
      'When a new worker is ready: as soon as it listens and every promise given to `ready()` of `saola/app` is ' +
      'fulfilled; with a `path`, when the application answers it, too.',
  })

/** How one worker serves its application. */
export const workerOptions = z.strictObject({
  app: path().optional().meta({
    change: 'restart',
    description: 'The file of the application; without it, the edge answers alone.',
  }),
  maxConnections: count({ min: 1 }).prefault(10_000).meta({
    change: 'restart',
    description:
      'Connections of one worker. At this number it stops accepting, and the next ones wait or go elsewhere.',
  }),
  keepAlive: duration().prefault('65s').meta({
    change: 'restart',
    description: 'Close an idle connection after this time: longer than the balancer in front.',
  }),
  requestTimeout: duration().prefault('0').meta({
    change: 'restart',
    description: 'Answer 503 to a request that the application has not answered after this time; 0 never.',
  }),
  graceful,
  ready,
})
