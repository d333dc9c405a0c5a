import * as z from 'zod'
import { workersMax } from '../base/cpu-count.ts'
import { parseNetworks } from '../base/network-list.ts'
import { addresses, count, list } from '../base/option-types.ts'
import { expectedMinReady, parseMinReady } from './min-ready.ts'

/** Figures for Prometheus, and whether the tree is well. */
export const metricsOptions = z
  .strictObject({
    listen: addresses().optional().meta({
      change: 'live',
      description:
        'Where `/metrics`, `/healthz` and `/readyz` are: `HOST:PORT`, `:PORT`, `[::1]:PORT` or `unix:PATH`; unset: nowhere.',
    }),
    allow: list(parseNetworks, 'a list of addresses, networks such as "10.0.0.0/8", "loopback" and "private"')
      .max(10_000)
      .optional()
      .meta({
        change: 'live',
        description:
          'Addresses and networks that may ask for `/metrics`, `"loopback"`, `"private"`; unset: whoever can reach it. ' +
          'Whether the tree is well, everybody may ask.',
      }),
    minReady: z
      .union([count({ min: 1, max: workersMax }), z.string()])
      .refine(value => parseMinReady(value) !== undefined, `expected ${expectedMinReady}`)
      .prefault(1)
      .meta({
        change: 'live',
        expected: expectedMinReady,
        description:
          '`/readyz` says yes when each application has so many workers that are ready: a number, or a share of its workers ' +
          'such as `"50%"`. One that has fewer workers needs all of them.',
      }),
  })
  .prefault({})
  .meta({ description: 'Figures in the format of Prometheus, and whether the tree is well: see docs/metrics.md.' })
