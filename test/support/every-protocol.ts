/**
 * The same request over everything that the edge speaks: HTTP/1.1 without and with TLS, and HTTP/2. One tree serves the application
 * once without TLS and once with it.
 */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { Fields } from './http2-frames.ts'
import { OddHttp2Client } from './odd-http2-client.ts'
import { echo, exchange, type OddRequest, requestText, type Seen } from './odd-requests.ts'
import { startTree, type Tree, type TreeOptions } from './tree.ts'

export type ProtocolName = 'HTTP/1.1' | 'HTTP/1.1 over TLS' | 'HTTP/2'

export interface ProtocolAnswer {
  /** `reset` when a stream or a connection ended without an answer. */
  readonly status: number | 'reset'
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  /** What an echo has seen; undefined when somebody else has answered. */
  readonly seen: Seen | undefined
}

export interface Protocol {
  readonly name: ProtocolName
  readonly url: string
  readonly isHttp2: boolean
  readonly isTls: boolean
  /** Sends it, on a connection of its own in HTTP/1.1, and waits for the answer. */
  ask(request: OddRequest): Promise<ProtocolAnswer>
}

export interface Stage {
  readonly tree: Tree
  readonly protocols: readonly Protocol[]
}

/** More than a test sends of what ends a connection otherwise. */
const patient = { glitchBurst: 100_000, invalidFrames: 100_000, resetBurst: 100_000, requests: 0 }

export interface StageOptions extends Pick<TreeOptions, 'files' | 'packages'> {
  /** The section of the configuration. */
  readonly edge?: object
  /** What else stands in the configuration of the applications; both get it. */
  readonly app?: object
  /** Default `self-signed`. */
  readonly tls?: object | string
}

/** A tree whose application, an echo unless `files` has another `app.mjs`, is asked over every protocol. */
export async function startOnEveryProtocol(t: TestContext, options: StageOptions = {}): Promise<Stage> {
  const { edge = {}, app = {}, files = {}, packages = [], tls = 'self-signed' } = options
  const both = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, edge: { http2: patient, ...edge }, ...app }
  const tree = await startTree(t, {
    files: { 'app.mjs': echo, ...files },
    packages,
    config: { apps: { plain: both, secure: { ...both, tls } } },
  })
  return { tree, protocols: await protocolsOf(t, tree) }
}

/** Those of a tree with an application `plain` and an application `secure`. */
export async function protocolsOf(t: TestContext, tree: Tree): Promise<readonly Protocol[]> {
  const plain = `http://${await addressOf(tree, 'plain')}`
  const secure = `https://${await addressOf(tree, 'secure')}`
  return [http1('HTTP/1.1', plain), http1('HTTP/1.1 over TLS', secure), http2(t, secure)]
}

async function addressOf(tree: Tree, app: string): Promise<string> {
  const { apps } = await tree.status()
  const [address] = apps.find(({ name }) => name === app)?.listen ?? []
  if (address === undefined) throw new Error(`The tree has no application ${app}.`)
  return address
}

function http1(name: ProtocolName, url: string): Protocol {
  return {
    name,
    url,
    isHttp2: false,
    isTls: url.startsWith('https:'),
    async ask(request) {
      const { responses } = await exchange(url, requestText(request), { count: 1 })
      const [response] = responses
      if (!response) return { status: 'reset', headers: new Map(), body: '', seen: undefined }
      const { status, headers, body } = response
      return { status, headers, body: body.toString('latin1'), seen: seenIn(headers, body) }
    },
  }
}

function http2(t: TestContext, url: string): Protocol {
  let client: Promise<OddHttp2Client> | undefined
  t.after(async () => (await client)?.close())
  return {
    name: 'HTTP/2',
    url,
    isHttp2: true,
    isTls: true,
    async ask(request) {
      // What is wrong with the connection itself ends it: the next request has another one.
      if ((await client)?.isClosed) client = undefined
      client ??= OddHttp2Client.open(url)
      const { status, headers, body } = await (await client).ask(http2Fields(request), request.body)
      const map = new Map(Object.entries(headers).map(([name, value]) => [name, [value].flat().join(', ')]))
      return { status: status || 'reset', headers: map, body: body.toString('latin1'), seen: seenIn(map, body) }
    },
  }
}

/** Pseudo fields for the request line; names in lower case, as every client of HTTP/2 sends them (RFC 9113, 8.2). */
function http2Fields({ method = 'GET', target = '/', host = 'localhost', headers = [] }: OddRequest): Fields {
  const authority = host === null ? [] : [[':authority', host] as const]
  const fields = headers.map(([name, value]) => [name.toLowerCase(), value] as const)
  return [[':method', method], [':scheme', 'https'], ...authority, [':path', target], ...fields]
}

function seenIn(headers: ReadonlyMap<string, string>, body: Buffer): Seen | undefined {
  return headers.get('content-type') === 'application/json' && body.length > 0 ? JSON.parse(String(body)) : undefined
}

/** Runs `check` over every case and protocol, some at a time: what fails says which. */
export async function forEachCase<Case>(
  protocols: readonly Protocol[],
  cases: readonly Case[],
  check: (protocol: Protocol, one: Case) => Promise<void>,
): Promise<void> {
  const pairs = protocols.flatMap(protocol => cases.map(one => [protocol, one] as const))
  for (let index = 0; index < pairs.length; index += atOnce) {
    await Promise.all(pairs.slice(index, index + atOnce).map(([protocol, one]) => check(protocol, one)))
  }
}

const atOnce = 32

/** The lines of an access log, once one of them, that of a request with this mark, says that all before are there. */
export async function linesOf(tree: Tree, file: string, protocol: Protocol): Promise<readonly string[]> {
  const mark = `/${randomUUID()}`
  await protocol.ask({ target: mark })
  for (;;) {
    const lines = readFileSync(join(tree.dir, file), 'utf8').split('\n').slice(0, -1)
    const end = lines.findIndex(line => line.includes(mark))
    if (end >= 0) return lines.slice(0, end)
    await new Promise(resolve => setImmediate(resolve))
  }
}
