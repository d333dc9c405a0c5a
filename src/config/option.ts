import type { Change, OptionKind } from '../base/option-types.ts'

/** A key of the configuration, as messages, documentation and environment variables need it. */
export interface Option {
  /**
   * `apps.*.graceful.timeout`, `apps.*.edge.static.*.dir`, `apps.*.edge.cache[].ttl`: `*` stands for a key that the user
   * chooses, `[]` for the items of a list.
   */
  readonly path: string
  readonly description: string
  readonly change?: Change
  readonly kind?: OptionKind
  readonly expected?: string
  /** As one would write it; undefined when there is none. */
  readonly default?: unknown
  readonly isRequired: boolean
  /** The JSON types that it takes. */
  readonly types: readonly string[]
  /** Of the booleans only `false` is taken: what is on must be said in full. */
  readonly isOnlyFalse?: true
  /** The JSON types of the items, where it takes a list. */
  readonly itemTypes?: readonly string[]
  /** The words that it takes, when there are only a few. */
  readonly words: readonly string[]
  /** It has keys of its own, which stand in the list, too. */
  readonly isSection: boolean
  /** Not in every form that its section may have, so that it is only there in its own: `ready.tcp` and `ready.http`. */
  readonly isOfOneForm?: true
  /** Its value holds others, by keys that the user chooses or in a list: all of it together is one setting. */
  readonly holds?: 'record' | 'list'
  /** What is right for those keys, as a message says it: `a path such as "/media"`. */
  readonly keys?: string
  /** Of a section or list that may also be written as one plain value: the kind of that. */
  readonly plainKind?: OptionKind
  /** The key that a plain value of this section stands for. */
  readonly short?: string
}
