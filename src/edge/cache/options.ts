import * as z from 'zod'
import { choice, count, duration, size, text } from '../../base/option-types.ts'
import { cookieName, headerName } from '../name-options.ts'
import { pathPrefix } from '../route-options.ts'

const status = count({ min: 200, max: 499 })
  .refine(value => value !== 206 && value !== 304, 'expected a status whose answer is whole')
  .meta({ expected: 'a status from 200 to 499, but not 206 or 304' })

const ruleOptions = z.strictObject({
  path: pathPrefix().meta({
    change: 'restart',
    description:
      'This path and all below it, by whole segments. Of several rules, the one with the longest path counts.',
  }),
  ttl: z
    .union([z.literal('origin'), duration()])
    .prefault('10s')
    .meta({
      change: 'restart',
      kind: 'duration',
      expected: 'a duration such as "10s", or "origin"',
      description:
        'How long an answer is fresh that says nothing about it. `"origin"`: only what has a Cache-Control or Expires is kept.',
    }),
  grace: duration().prefault('10s').meta({
    change: 'restart',
    description: 'So long behind that it is still served at once, while one request in the background gets a new one.',
  }),
  staleIfError: duration().prefault('1h').meta({
    change: 'restart',
    description: 'So long it is served when the application or upstream fails (5xx, or no answer).',
  }),
  hitForMiss: duration().prefault('2m').meta({
    change: 'restart',
    description:
      'An answer that must not be kept is remembered so long, so that requests for it do not wait for each other.',
  }),
  statuses: z.array(status).prefault([200, 203, 301, 308]).meta({
    change: 'restart',
    expected: 'a list of statuses from 200 to 499',
    description: 'Answers with these may be kept.',
  }),
  ignoreCookies: z.boolean().prefault(false).meta({
    change: 'restart',
    description:
      'Serve requests with a Cookie, too, and never show it to what is behind. Without this they go past the cache.',
  }),
  cookies: z.array(cookieName()).prefault([]).meta({
    change: 'restart',
    expected: 'a list of names of cookies',
    description: 'Only these reach what is behind, and an answer is kept for each of their values.',
  }),
  query: z
    .union([choice(['all', 'none']), z.array(text('the name of a parameter'))])
    .prefault('all')
    .meta({
      change: 'restart',
      expected: '"all", "none" or a list of names',
      description: 'The part of the query that makes another page. What is not in it does not reach what is behind.',
    }),
  vary: z.array(headerName()).prefault(['Accept', 'Accept-Encoding', 'Accept-Language', 'Origin']).meta({
    change: 'restart',
    expected: 'a list of names of headers',
    description:
      'Request headers that reach what is behind, and by which answers may vary. An answer that varies by another is not kept.',
  }),
  maxItemBytes: size().prefault('1MB').meta({ change: 'restart', description: 'A longer answer is not kept.' }),
  lockTimeout: duration().prefault('5s').meta({
    change: 'restart',
    description: 'So long a request waits for the one that fetches the same; then it is passed on itself.',
  }),
})

const cacheSection = z.strictObject({
  rules: z.array(ruleOptions).prefault([]).meta({ change: 'restart', description: 'What is kept, by path.' }),
  maxMemoryBytes: size()
    .prefault('64MB')
    .meta({ change: 'restart', description: 'What each worker keeps in its own memory.' }),
  maxSharedBytes: size().prefault('256MB').meta({
    change: 'restart',
    description: 'What all workers keep together in the shared store; 0: each worker fetches for itself.',
  }),
})

/** One row of `edge.cache`. */
export type CacheRule = z.output<typeof ruleOptions>
export type CacheSettings = z.output<typeof cacheSection>

export const cacheOptions = z
  .union([z.array(ruleOptions), cacheSection])
  .transform(value => (Array.isArray(value) ? { ...cacheSection.parse({}), rules: value } : value))
  .meta({ short: 'rules', expected: 'a list of rules, or { rules, maxMemoryBytes, maxSharedBytes }' })
  .prefault([])
  .meta({
    change: 'restart',
    description:
      'Answers to GET and HEAD that are kept and served again: a list of rules, or this section. Off without rules.',
  })
