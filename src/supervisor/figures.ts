/**
 * The figures of the tree: what each worker has told last, and per application the sum over all that it has had. A sum grows by what
 * a worker has done since it last told; so nothing has to be done at the end of one, be it in order or by a kill, and what is told
 * late counts, too.
 */
import type { AppFigures, NamedFigures, WorkerFigures } from '../ipc/figures.ts'
import type { Definitions } from './definitions.ts'
import { type Child, type Fleet, nameOf } from './fleet.ts'
import type { SocketSet } from './socket-set.ts'
import type { ListenSocket } from './sockets.ts'
import { figuresBetween, onlyRulesOf, sumFigures, withNowOf } from './sum-figures.ts'

/** What is looked up for them. */
interface Sources {
  readonly fleet: Fleet
  readonly definitions: Pick<Definitions, 'appOfGroup'>
  readonly sockets: Pick<SocketSet, 'of'>
}

/** A listen socket of an application. */
export interface ListenPlace {
  readonly app: string
  readonly socket: ListenSocket
  readonly backlog: number
}

interface AppSum {
  counts: WorkerFigures
  starts: number
  deaths: number
}

export class Figures {
  readonly #from: Sources
  readonly #apps = new Map<string, AppSum>()
  readonly #latest = new WeakMap<Child, WorkerFigures>()
  /** Those that were asked to end. */
  readonly #asked = new WeakSet<Child>()

  constructor(from: Sources) {
    this.#from = from
  }

  /** What a worker has done since it was started. */
  receive(child: Child, figures: WorkerFigures): void {
    const sum = this.#sumOf(child)
    if (!sum) return
    const counts = sumFigures([sum.counts, figuresBetween(this.#latest.get(child), figures)])
    this.#latest.set(child, figures)
    sum.counts = this.#isOfAllAlike(child) ? onlyRulesOf(counts, figures) : counts
  }

  /** A worker has become ready. */
  started(child: Child): void {
    const sum = this.#sumOf(child)
    if (sum) sum.starts++
  }

  asked(child: Child): void {
    this.#asked.add(child)
  }

  /** A worker has ended. */
  ended(child: Child): void {
    const sum = this.#sumOf(child)
    if (sum && !this.#asked.has(child)) sum.deaths++
  }

  /** Forgets applications that are gone. */
  forgetUnused(): void {
    for (const name of this.#apps.keys()) if (!this.#from.fleet.groups.has(name)) this.#apps.delete(name)
  }

  get apps(): AppFigures[] {
    const groups = [...this.#from.fleet.groups.values()].filter(({ spec }) => spec.kind === 'web')
    return groups.map(({ spec: { name: app } }) => {
      const { counts = sumFigures([]), starts = 0, deaths = 0 } = this.#apps.get(app) ?? {}
      const living = this.#living(app).flatMap(child => this.#latest.get(child) ?? [])
      return { app, starts, deaths, ...withNowOf(counts, living) }
    })
  }

  get workers(): NamedFigures[] {
    return this.#living().flatMap(child => {
      const figures = this.#latest.get(child)
      if (!figures || child.pid === undefined) return []
      return [{ worker: nameOf(child), app: child.group, pid: child.pid, ...figures }]
    })
  }

  /** Where applications listen. */
  get listening(): ListenPlace[] {
    const { fleet, definitions, sockets } = this.#from
    return [...fleet.groups.values()].flatMap(group => {
      const app = definitions.appOfGroup(group)
      if (!app) return []
      return sockets.of(app).map(socket => ({ app: app.spec.name, socket, backlog: app.backlog }))
    })
  }

  #living(app?: string): Child[] {
    const children = [...this.#from.fleet.children.values()]
    return children.filter(({ kind, group, isGone }) => kind === 'web' && !isGone && (app ?? group) === group)
  }

  /** Of another kind than workers there is none, nor of an application that has left. */
  #sumOf({ kind, group }: Child): AppSum | undefined {
    if (kind !== 'web' || !this.#from.fleet.groups.has(group)) return undefined
    const known = this.#apps.get(group)
    if (known) return known
    const sum = { counts: sumFigures([]), starts: 0, deaths: 0 }
    this.#apps.set(group, sum)
    return sum
  }

  /**
   * No worker of an earlier configuration lives any more: what only that one had is not counted on. Only one that serves knows its
   * rules: one that is drained while it boots may have none yet.
   */
  #isOfAllAlike({ group, revision, state }: Child): boolean {
    if (state !== 'RUNNING') return false
    if (this.#from.fleet.groups.get(group)?.spec.revision !== revision) return false
    return this.#living(group).every(other => other.revision === revision)
  }
}
