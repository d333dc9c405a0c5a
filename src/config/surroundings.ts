import type { Accounts } from './check-accounts.ts'

/** Where a configuration stands. */
export interface Surroundings {
  /** What relative paths count from. */
  readonly dir: string
  /** Saola's own environment. */
  readonly env: NodeJS.ProcessEnv
  /** It is for another machine: what a build makes, what is installed and who has an account there need not be here. */
  readonly isForElsewhere?: boolean | undefined
}

/** What settings are held against. */
export interface Ground extends Surroundings {
  readonly accounts: Accounts
}
