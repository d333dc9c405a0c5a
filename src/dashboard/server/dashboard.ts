/** The server of the dashboard: the page, and what it asks. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { messageOf } from '../../base/errors.ts'
import type { SessionView } from '../api.ts'
import { sendAsset } from './assets.ts'
import { Audit, type EndDeed } from './audit.ts'
import type { DashboardContext } from './context.ts'
import { EventStreams } from './event-stream.ts'
import { createGuard, type Guard } from './guard.ts'
import { safeHeaders } from './headers.ts'
import { readJsonBody } from './json-body.ts'
import { type ListenOptions, listenOn } from './listen.ts'
import { Refusal } from './refusal.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'
import { sendError, sendJson } from './send.ts'
import { addressOf, type Signed, SignIn } from './sign-in.ts'
import { Slots } from './slots.ts'
import { TreeFeed } from './tree-feed.ts'

export interface Dashboard {
  readonly connections: number
  readonly requests: number
  close(): Promise<void>
}

export interface DashboardOptions
  extends Omit<DashboardContext, 'streams' | 'feed' | 'operations' | 'logReaders'>,
    Pick<ListenOptions, 'fds' | 'tls'> {
  /** The addresses that it listens on, as in the configuration. */
  readonly listen: readonly string[]
  /** Further host names that it answers to. */
  readonly hosts: readonly string[]
  /** Hashes of passwords, by name. */
  readonly users: Readonly<Record<string, string>>
  readonly sessionMs: number
  /** Sessions that were ended before. */
  readonly signedOut: readonly string[]
  /** Signs sessions. */
  readonly secret: string
}

/** A stranger sends no more than a token, or a name and a password. */
const signInBytesMax = 64 * 1024
/** Of the 64 connections of the control socket; commands at a shell need some, too. */
const operationsMax = 8
const logReadersMax = 16

interface Parts {
  readonly context: DashboardContext
  readonly guard: Guard
  readonly signIn: SignIn
  readonly audit: Audit
}

export async function openDashboard(options: DashboardOptions): Promise<Dashboard> {
  const audit = new Audit(options.log)
  const streams = new EventStreams()
  const feed = new TreeFeed(options.controlSocket)
  const parts: Parts = {
    context: {
      ...options,
      streams,
      feed,
      operations: new Slots(
        operationsMax,
        `${operationsMax} things are being done already. Try again when one is done.`,
      ),
      logReaders: new Slots(
        logReadersMax,
        `There are ${logReadersMax} readers of logs already. Close a window of the dashboard.`,
      ),
    },
    guard: createGuard(options),
    signIn: new SignIn({
      ...options,
      audit,
      hasTls: options.tls !== undefined,
      onSignOut: session => streams.endOf(session),
    }),
    audit,
  }
  let requests = 0
  const listeners = await listenOn({
    ...options,
    onRequest: (req, res) => {
      requests++
      void answer(req, res, parts)
    },
  })
  feed.start()
  parts.signIn.start()
  return {
    get connections() {
      return listeners.connections
    },
    get requests() {
      return requests
    },
    async close() {
      streams.close()
      feed.close()
      parts.signIn.close()
      await listeners.close()
      // Last: until then something may end that somebody has begun.
      audit.close()
    },
  }
}

async function answer(req: IncomingMessage, res: ServerResponse, parts: Parts): Promise<void> {
  for (const [name, value] of Object.entries(safeHeaders)) res.setHeader(name, value)
  // A client that goes in the middle of something has nobody to be told of it.
  req.on('error', () => {})
  res.on('error', () => {})
  try {
    const url = urlOf(req)
    refuseBy(parts, req, url.pathname)
    if (!/^\/api(?:\/|$)/.test(url.pathname)) sendAsset(req, res, url.pathname)
    else if (url.pathname === '/api/session') await answerSession(req, res, parts)
    else await answerRoute(req, res, url, parts)
  } catch (error) {
    const isSignedOut = error instanceof Refusal && error.status === 401
    await sendError(req, res, error, isSignedOut ? { hasUsers: parts.signIn.hasUsers } : {}).catch(() => res.destroy())
  }
}

function urlOf(req: IncomingMessage): URL {
  const path = req.url ?? '/'
  if (path.startsWith('/') && URL.canParse(path.replace(/^\/+/, '/'), 'http://dashboard'))
    return new URL(path.replace(/^\/+/, '/'), 'http://dashboard')
  throw new Refusal(400, 'A request expected a path such as /api/session.')
}

/** What is refused whoever asks is told to the log: a page elsewhere may be trying something. */
function refuseBy({ guard, audit }: Parts, req: IncomingMessage, path: string): void {
  try {
    guard(req, path)
  } catch (error) {
    if (error instanceof Refusal && error.status !== 405)
      audit.refused(error.status === 421 ? 'unknown host' : 'another page', addressOf(req))
    throw error
  }
}

async function answerSession(req: IncomingMessage, res: ServerResponse, { signIn, context }: Parts): Promise<void> {
  if (req.method === 'DELETE') {
    await signIn.signOut(req, res)
    return sendJson(req, res, 200, {})
  }
  const user =
    req.method === 'POST'
      ? await signIn.signIn(req, res, await readJsonBody(req, signInBytesMax))
      : (await signIn.who(req)).user
  return sendJson(req, res, 200, sessionView(context, user))
}

function sessionView({ tree, version, isReadOnly, tasks }: DashboardContext, user: string): SessionView {
  return { tree, version, node: process.version, user, isReadOnly, hasTasks: tasks !== undefined }
}

async function answerRoute(req: IncomingMessage, res: ServerResponse, url: URL, parts: Parts): Promise<void> {
  const { context } = parts
  // Before all else: who has not signed in learns not even which paths there are.
  const signed = await whoAsks(req, parts)
  const found = routes.filter(({ path }) => path === url.pathname)
  const route = found.find(({ method }) => method === req.method)
  if (found.length === 0) throw new Refusal(404, `There is no ${url.pathname.slice(0, 200)}.`)
  if (!route) throw new Refusal(405, `There is no ${req.method} ${url.pathname}.`, { allow: found[0]?.method ?? '' })
  const request = { req, res, query: url.searchParams, ...signed }
  const handle = (body: Readonly<Record<string, unknown>>) => route.handle({ ...request, body }, context)
  const result = route.changes ? await change(route, request, handle, parts) : await handle(await bodyOf(req))
  if (result !== undefined) await sendJson(req, res, 200, result)
}

async function whoAsks(req: IncomingMessage, { signIn, audit }: Parts): Promise<Signed> {
  try {
    return await signIn.who(req)
  } catch (error) {
    // A page whose session is over asks for a while; nobody has to hear of that.
    const isChange = req.method !== 'GET' && !req.headers.authorization
    if (isChange && error instanceof Refusal && error.status === 401) audit.refused('no session', addressOf(req))
    throw error
  }
}

/** Does what changes something, and notes it: also what was refused. */
async function change(
  route: Route,
  { req, user }: { readonly req: IncomingMessage; readonly user: string },
  handle: (body: Readonly<Record<string, unknown>>) => unknown,
  { context, audit }: Parts,
): Promise<unknown> {
  const deed = {
    user,
    address: addressOf(req),
    action: route.path.replace(/^\/api\/(?:actions\/)?/, '').replace('/', '.'),
  }
  let end: EndDeed | undefined
  try {
    if (context.isReadOnly) throw new Refusal(403, 'The dashboard is read-only here: dashboard.readOnly is true.')
    const body = await bodyOf(req)
    end = audit.begin({ ...deed, target: route.target?.(body) })
    const result = await handle(body)
    end()
    return result
  } catch (error) {
    end ??= audit.begin({ ...deed, target: undefined })
    end(messageOf(error))
    throw error
  }
}

function bodyOf(req: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  return req.method === 'POST' ? readJsonBody(req) : Promise.resolve({})
}
