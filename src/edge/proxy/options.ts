import * as z from 'zod'
import { messageOf } from '../../base/errors.ts'
import { browserDurationMsMax, choice, count, duration, path, size, text } from '../../base/option-types.ts'
import { cookieName, headerName } from '../name-options.ts'
import { pathPrefix } from '../route-options.ts'
import { parseUpstreamUrl } from './upstream-address.ts'

const expectedUpstream = 'an upstream such as "http://127.0.0.1:9001", "unix:/run/app.sock" or "program:legacy"'
/** RFC 9110, 5.5. */
const fieldValue = z.string().regex(/^[^\u0000-\u0008\u000a-\u001f\u007f\u0100-\uffff]*$/)

const upstreamUrl = z
  .string()
  .superRefine((value, context) => {
    // Its addresses are put in its place when the configuration is complete: no worker sees it.
    if (value.startsWith('program:')) return
    try {
      // A relative one counts from the folder of the configuration file, and is made absolute with all other paths.
      parseUpstreamUrl(value.replace(/^unix:(?=[^/])/, 'unix:/'))
    } catch (error) {
      context.addIssue({ code: 'custom', message: messageOf(error) })
    }
  })
  .meta({ kind: 'upstream', expected: expectedUpstream })

const upstream = z
  .union([
    upstreamUrl,
    z.strictObject({
      url: upstreamUrl.meta({ change: 'restart', description: 'Its address.' }),
      weight: count({ min: 1, max: 100 })
        .prefault(1)
        .meta({ change: 'restart', description: 'Its part of the requests, against the others.' }),
    }),
  ])
  .transform(value => (typeof value === 'string' ? { url: value, weight: 1 } : value))
  .meta({ expected: `${expectedUpstream}, or { url, weight }` })

const upstreams = z
  .union([upstream, z.array(upstream).min(1).max(256)])
  .transform(value => (Array.isArray(value) ? value : [value]))
  .refine(list => new Set(list.map(({ url }) => url)).size === list.length, 'expected each upstream once')
  .meta({
    change: 'restart',
    expected: `${expectedUpstream}, or a list of them`,
    description: 'Where requests are sent.',
  })

const balance = z
  .union([
    choice(['random-two', 'round-robin', 'least-connections', 'ip-hash']),
    z.strictObject({ header: headerName().meta({ change: 'restart', description: 'By the value of this header.' }) }),
    z.strictObject({ cookie: cookieName().meta({ change: 'restart', description: 'By the value of this cookie.' }) }),
  ])
  .meta({
    expected: '"random-two", "round-robin", "least-connections", "ip-hash", { header } or { cookie }',
  })
  .prefault('random-two')
  .meta({
    change: 'restart',
    description:
      'Which upstream gets a request: of two chosen at random the one with fewer requests in flight, each in turn, the one ' +
      'with the fewest in flight, or always the same one for the same address, header or cookie. Counted in each worker.',
  })

const sticky = z
  .union([
    z.literal(false),
    z.strictObject({
      cookie: cookieName().meta({ change: 'restart', description: 'Its name.' }),
      maxAge: duration(browserDurationMsMax)
        .optional()
        .meta({ change: 'restart', description: 'How long a browser keeps it; until it is closed when unset.' }),
    }),
  ])
  .meta({ expected: 'false or { cookie, maxAge }' })
  .prefault(false)
  .meta({ change: 'restart', description: 'A cookie that leads a client to the upstream it had before.' })

const changes = (description: string) =>
  z
    .strictObject({
      set: z
        .record(headerName(), fieldValue)
        .prefault({})
        .meta({ change: 'restart', description: 'Set to this value.' }),
      remove: z.array(headerName()).prefault([]).meta({ change: 'restart', description: 'Taken away.' }),
    })
    .prefault({})
    .meta({ description })

const health = z
  .union([
    z.literal(false),
    z.strictObject({
      path: z
        .string()
        .regex(/^\/[!-~]*$/)
        .meta({
          change: 'restart',
          expected: 'a path that begins with /',
          description: 'What is asked for, with GET.',
        }),
      every: duration().prefault('5s').meta({ change: 'restart', description: 'The time between two checks.' }),
      timeout: duration().prefault('2s').meta({ change: 'restart', description: 'No answer by then is a failure.' }),
      status: z
        .tuple([count({ min: 100, max: 599 }), count({ min: 100, max: 599 })])
        .prefault([200, 399])
        .meta({ change: 'restart', description: 'The least and the highest status of a healthy answer.' }),
      rise: count({ min: 1, max: 100 })
        .prefault(2)
        .meta({ change: 'restart', description: 'So many healthy answers in a row, and it is up again.' }),
      fall: count({ min: 1, max: 100 })
        .prefault(3)
        .meta({ change: 'restart', description: 'So many failures in a row, and it is down.' }),
    }),
  ])
  .meta({ expected: 'false or { path, every, timeout, status, rise, fall }' })
  .prefault(false)
  .meta({ change: 'restart', description: 'Asks each upstream regularly how it is, from each worker.' })

/** RFC 9110, 9.2.2. */
const idempotentMethods = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE'] as const

const retries = z
  .strictObject({
    count: count({ max: 10 })
      .prefault(1)
      .meta({ change: 'restart', description: 'How often a request is tried again, at most; 0 never.' }),
    methods: z
      .array(choice([...idempotentMethods, 'QUERY', 'PROPFIND', 'REPORT', 'SEARCH']))
      .prefault([...idempotentMethods])
      .meta({
        change: 'restart',
        description: 'Methods that may reach an upstream twice. Others are tried again only if no byte was sent.',
      }),
    budget: z
      .number()
      .min(0)
      .max(1)
      .meta({ expected: 'a number from 0 to 1' })
      .prefault(0.2)
      .meta({ change: 'restart', description: 'The share of requests that may be sent twice.' }),
    on: z
      .array(choice(['error', 'timeout', '502', '503', '504']))
      .prefault(['error', 'timeout', '502', '503', '504'])
      .meta({
        change: 'restart',
        description: 'What a request is tried again after: a broken connection, a deadline, or a status.',
      }),
  })
  .prefault({})
  .meta({ description: 'When a request is tried again.' })

const timeouts = z
  .strictObject({
    connect: duration()
      .prefault('5s')
      .meta({ change: 'restart', description: 'For a connection, and for the wait until one is free.' }),
    firstByte: duration()
      .prefault('60s')
      .meta({ change: 'restart', description: 'From the end of the request to the head of the answer; 0 never.' }),
    idle: duration()
      .prefault('60s')
      .meta({ change: 'restart', description: 'Between two pieces of an answer; 0 never.' }),
    webSocket: duration()
      .prefault('15m')
      .meta({ change: 'restart', description: 'A WebSocket on which neither side says anything; 0 never.' }),
  })
  .prefault({})
  .meta({ description: 'How long an upstream may take.' })

const bufferedRequest = z.strictObject({
  memoryBytes: size().prefault('64KB').meta({ change: 'restart', description: 'What is more goes into a file.' }),
  maxBytes: size().prefault('1GB').meta({ change: 'restart', description: 'A longer body is refused with 413.' }),
  dir: path()
    .optional()
    .meta({ change: 'restart', description: 'Where the files are; the folder for temporary files.' }),
})

const bufferRequest = z
  .union([z.boolean(), bufferedRequest])
  .transform(value => (value === true ? bufferedRequest.parse({}) : value))
  .meta({ expected: 'true, false or { memoryBytes, maxBytes, dir }' })
  .prefault(false)
  .meta({
    change: 'restart',
    description:
      'Takes the whole body from the client before an upstream is asked, so that a slow upload holds no process of it.',
  })

const bufferResponse = z
  .union([z.literal(false), size()])
  .meta({ expected: 'false or a size such as "1mb"' })
  .prefault(false)
  .meta({
    change: 'restart',
    description: 'Takes so much of an answer ahead of a slow client; `X-Accel-Buffering: no` of an answer prevents it.',
  })

const tls = z
  .strictObject({
    ca: path().optional().meta({ change: 'restart', description: 'Certificates to trust, instead of the usual ones.' }),
    verify: z.boolean().prefault(true).meta({ change: 'restart', description: "Check the upstream's certificate." }),
    serverName: text('a host name')
      .optional()
      .meta({ change: 'restart', description: "The name to ask for and to check; the upstream's own when unset." }),
  })
  .prefault({})
  .meta({ description: 'For upstreams with https.' })

const ruleObject = z.strictObject({
  to: upstreams,
  balance,
  sticky,
  stripPrefix: z
    .boolean()
    .prefault(false)
    .meta({ change: 'restart', description: 'Cut the prefix off the path before it is sent on.' }),
  host: z
    .string()
    .regex(/^[A-Za-z0-9.:[\]_-]+$/)
    .meta({ expected: '"keep", "upstream" or a host' })
    .prefault('keep')
    .meta({ change: 'restart', description: "The client's `Host`, the upstream's own address, or this text." }),
  headers: z
    .strictObject({
      request: changes('Of a request, before it is sent on.'),
      response: changes('Of an answer, before the client gets it.'),
    })
    .prefault({})
    .meta({ description: 'Headers that are set and taken away.' }),
  connections: count({ min: 1, max: 10_000 })
    .prefault(64)
    .meta({ change: 'restart', description: 'Connections of a worker to each upstream, at most.' }),
  queue: count({ max: 100_000 })
    .prefault(1_000)
    .meta({ change: 'restart', description: 'Requests of a worker that wait for one of those; above it 503.' }),
  keepAlive: duration().prefault('4s').meta({
    change: 'restart',
    description: 'An idle connection ends after so long; keep it below what upstreams do.',
  }),
  maxFails: count({ max: 1_000 })
    .prefault(3)
    .meta({ change: 'restart', description: 'So many failures in a row within `failTimeout`: it is down; 0 never.' }),
  failTimeout: duration()
    .prefault('10s')
    .meta({ change: 'restart', description: 'After so long, a single request is sent to one that is down.' }),
  health,
  retries,
  timeouts,
  bufferRequest,
  bufferResponse,
  webSockets: z.boolean().prefault(true).meta({ change: 'restart', description: 'Passes WebSockets; else 403.' }),
  tls,
})

const rule = z
  .union([upstreamUrl.transform(to => ruleObject.parse({ to })), ruleObject])
  .meta({ expected: `${expectedUpstream}, or { to, … }` })

/** What is done with the requests below one prefix. */
export type ProxyRule = z.output<typeof ruleObject>

/** How the body of a request is received before it is sent on. */
export type BufferedRequest = z.output<typeof bufferedRequest>

export const proxyOptions = z
  .record(pathPrefix(), rule)
  .meta({ expected: 'upstreams by path, such as { "/api": "http://127.0.0.1:9001" }' })
  .prefault({})
  .meta({
    change: 'restart',
    description: 'Sends what is at or below a path to other servers; the longest path wins. See docs/edge/proxy.md.',
  })
