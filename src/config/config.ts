import type * as z from 'zod'
import type { appSchema, configSchema } from './schema.ts'

/** All of it read-only, however deep. */
type Frozen<Value> = Value extends (infer Item)[]
  ? readonly Frozen<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value]: Frozen<Value[Key]> }
    : Value

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
  readonly mode: 'start' | 'dev'
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
}
