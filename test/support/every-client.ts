/**
 * A client of every kind at the same time, all of which must lose nothing whatever happens to the workers.
 *
 * ```ts
 * const tree = await startServing(t)
 * const clients = startEveryClient(t, tree)
 * await clients.answered(20)
 * await tree.cli('reload', '--wait')
 * assertNothingLost(await clients.stop())
 * ```
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { fairMs } from './busy-machine.ts'
import {
  keepAliveClient,
  newConnectionClient,
  pipelineClient,
  slowClient,
  unixClient,
  uploadClient,
  webSocketClient,
} from './clients.ts'
import { parseEvent } from './line-log.ts'
import type { LoadClient, LoadResult } from './load-client.ts'
import { root, startTree, type Tree } from './tree.ts'

const fixture = join(root, 'test/fixtures/every-client')

/** Starts two workers of the application that every client can ask. `web` is added to its section. */
export function startServing(t: TestContext, web: object = {}): Promise<Tree> {
  const config = {
    apps: {
      web: { app: './app.mjs', listen: ['127.0.0.1:0', 'unix:app.sock'], workers: 2, accessLog: false, ...web },
    },
  }
  return startTree(t, { fixture, packages: ['ws'], config })
}

type Maker = (t: TestContext, tree: Tree) => LoadClient

// Slow enough for a machine of two cores that the trees have some of it left. Where it has other work, all takes longer, and is asked
// for as often in the end.
const pauseMs = fairMs(25)

const makers = {
  'new connection': (t, tree) => newConnectionClient(t, tree.url, { pauseMs }),
  'keep-alive': (t, tree) => keepAliveClient(t, tree.url, { pauseMs }),
  pipelined: (t, tree) => pipelineClient(t, tree.url, { pauseMs: 4 * pauseMs }),
  'three seconds': (t, tree) => slowClient(t, tree.url, { lanes: 6 }),
  upload: (t, tree) => uploadClient(t, tree.url, { lanes: 4, pauseMs }),
  WebSocket: (t, tree) => webSocketClient(t, tree.url, { pauseMs }),
  'Unix socket, keep-alive': (t, tree) => unixClient(t, socketPathOf(tree), { pauseMs }),
  'Unix socket, new connection': (t, tree) => newConnectionClient(t, `unix:${socketPathOf(tree)}`, { pauseMs }),
} satisfies Record<string, Maker>

export type ClientKind = keyof typeof makers

const everyKind = Object.keys(makers) as ClientKind[]
export const quickKinds = everyKind.filter(isQuick)

function isQuick(kind: ClientKind): boolean {
  return kind !== 'three seconds'
}

/** Starts one client of each kind. */
export function startEveryClient(t: TestContext, tree: Tree, kinds: readonly ClientKind[] = everyKind): EveryClient {
  return new EveryClient(kinds.map(kind => ({ kind, client: makers[kind](t, tree).start() })))
}

interface Member {
  readonly kind: ClientKind
  readonly client: LoadClient
}

export class EveryClient {
  readonly #members: readonly Member[]

  constructor(members: readonly Member[]) {
    this.#members = members
  }

  /** Resolves when each has had so many more answers; the one that waits three seconds for each is not waited for. */
  async answered(count: number): Promise<void> {
    const quick = this.#members.filter(({ kind }) => isQuick(kind))
    await Promise.all(quick.map(({ client }) => client.answered(count)))
  }

  /** Lets each end what it has begun, and says how all went. */
  async stop(): Promise<Map<ClientKind, LoadResult>> {
    const results = this.#members.map(async ({ kind, client }) => [kind, await client.stop()] as const)
    return new Map(await Promise.all(results))
  }
}

/** That no client has lost anything, and each has asked often enough for that to mean something. */
export function assertNothingLost(results: ReadonlyMap<ClientKind, LoadResult>, answersMin: number): void {
  const lost = [...results].filter(([, { failed }]) => failed > 0)
  const report = lost.map(
    ([kind, { ok, failed, errors }]) => `${kind}: ${failed} of ${ok + failed}\n  ${errors.join('\n  ')}`,
  )
  assert.equal(lost.length, 0, `Lost requests:\n${report.join('\n')}`)
  for (const [kind, { ok }] of results) {
    const wanted = isQuick(kind) ? answersMin : 1
    assert.ok(ok >= wanted, `${kind}: ${ok} answers, expected at least ${wanted}`)
  }
}

/** How many workers were told to end for this reason: `reload`, `scale`. */
export function stoppedFor(tree: Tree, reason: string): number {
  return tree.events('worker.stopping').filter(event => event.reason === reason).length
}

/**
 * How many of the three-second requests were answered by a worker that had been told to end: they were in flight when
 * it happened. Both are in the tree's output, which has one writer and so one order; all of it is there once the tree
 * has stopped.
 */
export function answersWhileStopping(tree: Tree): number {
  const stopping = new Set<string>()
  let answers = 0
  for (const line of tree.lines) {
    const event = parseEvent(line)
    if (event?.event === 'worker.stopping') stopping.add(String(event.pid))
    const from = /slow answer from (\d+)/.exec(line)?.[1]
    if (from !== undefined && stopping.has(from)) answers++
  }
  return answers
}

function socketPathOf(tree: Tree): string {
  return join(tree.dir, 'app.sock')
}
