import type { Change, OptionKind } from '../base/option-types.ts'

/** A key of the configuration, as messages, documentation and environment variables need it. */
export interface Option {
  /** `apps.*.graceful.timeout`; `*` stands for a name that the user chooses. */
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
  /** The words that it takes, when there are only a few. */
  readonly words: readonly string[]
  /** It has keys of its own, which stand in the list, too. */
  readonly isSection: boolean
  /** The key that a plain value of this section stands for. */
  readonly short?: string
}
