/**
 * The kinds of children, and how their lives differ. What they have in common, which is nearly all, is in plan/; a further kind
 * is a row here, and a definition in processes/.
 */
import type { ChildKind } from '../ipc/status.ts'

interface KindTraits {
  /** Begins the names of its events in the log: `worker.ready`. */
  readonly noun: string
  /** The tree has started when these serve, and has failed when none of them can. */
  readonly isAwaited: boolean
  /** A reload replaces its children, one after the other; `all` means these. */
  readonly rolls: boolean
  /** One process only, and never a second one beside it: the old one ends before the new one begins. */
  readonly isAlone: boolean
  /** Others need it as long as they drain: it is stopped when they are gone. */
  readonly endsLast: boolean
}

/** In the order of `saola status`. */
export const kinds: Readonly<Record<ChildKind, KindTraits>> = {
  web: { noun: 'worker', isAwaited: true, rolls: true, isAlone: false, endsLast: false },
  store: { noun: 'store', isAwaited: false, rolls: false, isAlone: true, endsLast: true },
}

/** How a child, or a group by its specification, differs from others. */
export function traitsOf({ kind }: { readonly kind: ChildKind }): KindTraits {
  return kinds[kind]
}
