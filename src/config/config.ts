import type * as z from 'zod'
import type { Frozen } from '../base/frozen.ts'
import type { appSchema, configSchema } from './schema.ts'

type Parsed = z.output<typeof configSchema>

/**
 * One application, checked and complete. A duration is in milliseconds and a size in bytes under the key that the file
 * has; paths are absolute, `-` is standard output; `accessLog.format` is never `auto`.
 */
export interface AppConfig extends Frozen<z.output<typeof appSchema>> {
  readonly name: string
}

/** The whole configuration, checked and complete. */
export interface Config extends Frozen<Omit<Parsed, 'apps' | 'name' | 'log'>> {
  readonly name: string
  readonly apps: Readonly<Record<string, AppConfig>>
  readonly log: Frozen<Omit<Parsed['log'], 'format'>> & { readonly format: 'pretty' | 'json' | 'raw' }
  readonly mode: 'start' | 'dev'
  /** Absolute path of the file, or undefined when there is none. */
  readonly file: string | undefined
  /** The folder of the file, or the working directory: what relative paths count from. */
  readonly dir: string
  /** Where the tree keeps its control socket and other state. It may not exist yet. */
  readonly stateDir: string
  /** What files of variables such as `.env` add to the environment of this process: its children get both. */
  readonly variables: Readonly<Record<string, string>>
}

/** What was loaded, and what there is to say about it. */
export interface LoadedConfig {
  readonly config: Config
  /** Where a value comes from, by path; what is not in here has its default. Read it with `originOf`. */
  readonly origins: ReadonlyMap<string, string>
  /** Settings without an effect and unknown variables, one sentence each. */
  readonly warnings: readonly string[]
}

/** What to load a configuration from. */
export interface LoadRequest {
  /** Where the command was given. */
  readonly cwd: string
  /** `-c`; by default the `saola.config.*` of `cwd`, if it has one. */
  readonly file?: string | undefined
  readonly flags: ConfigFlags
  readonly env: NodeJS.ProcessEnv
  /** `--env-file`, or false for `--no-env-file`; by default `.env` and `.env.local` beside the configuration. */
  readonly envFiles?: readonly string[] | false | undefined
  /** Of the variables in `env` those that a file has set, and its name: `loadConfig` fills this in. */
  readonly fromFiles?: Readonly<Record<string, string>>
  readonly mode: 'start' | 'dev'
  /** It will be served on another machine: what a build makes need not be here. */
  readonly isForElsewhere?: boolean
  /** Is standard output a terminal? It is not by default. */
  readonly tty?: boolean | undefined
  /** How long the file may take to be evaluated; 10 000 by default. */
  readonly timeoutMs?: number
}

/** The options of the command line, as they were written there. */
export interface ConfigFlags {
  /** The positional argument. */
  readonly app?: string | undefined
  /** `-w` */
  readonly workers?: string | number | undefined
  /** `-b`, once or several times. */
  readonly bind?: readonly string[] | undefined
  readonly name?: string | undefined
  /** `--static`: the folder that is served at `/`. */
  readonly static?: string | undefined
  /** `--proxy`: where everything else is sent. */
  readonly proxy?: readonly string[] | undefined
}
