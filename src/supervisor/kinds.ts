/**
 * The kinds of children, and how their lives differ. What they have in common, which is nearly all, is in plan/; a further kind
 * is a row here, and a definition in processes/.
 */
import type { ChildKind } from '../ipc/status.ts'

interface KindTraits {
  /** Begins the names of its events in the log: `worker.ready`. */
  readonly noun: string
  /** What people call several of them. */
  readonly units: 'workers' | 'processes'
  /** The tree has started when these serve, and has failed when none of them can. */
  readonly isAwaited: boolean
  /** A reload replaces its children, one after the other; `all` means these. */
  readonly rolls: boolean
  /** Never a second one beside it in its place: the old one ends before the new one begins. */
  readonly isAlone: boolean
  /** One process only, whatever is asked. */
  readonly isSingle: boolean
  /** When the tree stops, who comes later in this order is needed by those before, and is stopped when they are gone. */
  readonly endsAs: 1 | 2 | 3 | 4 | 5
}

/** In the order of `saola status`. */
export const kinds: Readonly<Record<ChildKind, KindTraits>> = {
  web: { noun: 'worker', units: 'workers', isAwaited: true, rolls: true, isAlone: false, isSingle: false, endsAs: 1 },
  // A request that drains may wait for the result of a job.
  tasks: { noun: 'tasks', units: 'workers', isAwaited: false, rolls: true, isAlone: false, isSingle: false, endsAs: 2 },
  // What proxies lead to, and what applications and jobs talk to: a database, say.
  program: {
    noun: 'program',
    units: 'processes',
    isAwaited: false,
    rolls: true,
    isAlone: true,
    isSingle: false,
    endsAs: 3,
  },
  // The door of the store is open to programs, too.
  store: {
    noun: 'store',
    units: 'processes',
    isAwaited: false,
    rolls: false,
    isAlone: true,
    isSingle: true,
    endsAs: 4,
  },
  // Whoever looks sees the others end.
  monitor: {
    noun: 'monitor',
    units: 'processes',
    isAwaited: false,
    rolls: true,
    isAlone: false,
    isSingle: true,
    endsAs: 5,
  },
}

/** How a child, or a group by its specification, differs from others. */
export function traitsOf({ kind }: { readonly kind: ChildKind }): KindTraits {
  return kinds[kind]
}
