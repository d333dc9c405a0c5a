import type { Client } from './client.ts'
import { SlowLog } from './slow-log.ts'

/** A command, as far as it is counted. */
export interface Counted {
  readonly name: string
  readonly subcommands?: readonly Counted[]
}

export interface CommandCount {
  readonly name: string
  calls: number
  /** Milliseconds in all. */
  ms: number
  failed: number
}

/**
 * What the owner has done since its start, for INFO. The clock is read once for each command: it begins when the one before it
 * ended.
 */
export class Statistics {
  readonly startedAt = Date.now()
  readonly slowLog = new SlowLog()
  /** By the name of the command: `get`, `client|list`. */
  readonly #commands = new Map<string, CommandCount>()
  readonly #byCommand = new Map<Counted, CommandCount>()
  readonly #errors = new Map<string, number>()
  #commandsDone = 0
  #lastAt = 0

  get commandsDone(): number {
    return this.#commandsDone
  }

  get commands(): ReadonlyMap<string, CommandCount> {
    return this.#commands
  }

  /** How many replies began with each code. */
  get errors(): ReadonlyMap<string, number> {
    return this.#errors
  }

  /** The next command begins now: milliseconds of `performance.now()`. */
  begin(): number {
    this.#lastAt = performance.now()
    return this.#lastAt
  }

  done(command: Counted, parts: readonly Buffer[], client: Client): void {
    const now = performance.now()
    const ms = now - this.#lastAt
    this.#lastAt = now
    const count = command.subcommands ? this.#countOfPart(command, parts) : this.#countOf(command, command.name)
    count.calls++
    count.ms += ms
    this.#commandsDone++
    if (ms >= this.slowLog.thresholdMs) this.slowLog.add(parts, ms, client)
  }

  /** One that ended in an error. */
  failed(command: Counted, parts: readonly Buffer[], client: Client): void {
    this.done(command, parts, client)
    const count = command.subcommands ? this.#countOfPart(command, parts) : this.#countOf(command, command.name)
    count.failed++
  }

  error(code: string): void {
    // Codes are ours, and few; what a command makes up must not grow without bound.
    if (this.#errors.size < 128 || this.#errors.has(code)) this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
  }

  reset(): void {
    this.#commands.clear()
    this.#byCommand.clear()
    this.#errors.clear()
    this.#commandsDone = 0
  }

  #countOf(command: Counted, name: string): CommandCount {
    const known = this.#byCommand.get(command)
    if (known) return known
    const count = { name, calls: 0, ms: 0, failed: 0 }
    this.#byCommand.set(command, count)
    this.#commands.set(name, count)
    return count
  }

  #countOfPart(command: Counted, parts: readonly Buffer[]): CommandCount {
    const part = partOf(command, parts)
    return part ? this.#countOf(part, `${command.name}|${part.name}`) : this.#countOf(command, command.name)
  }
}

/** As it is counted and listed: `client|info`, of a command that is several. */
export function nameOf(command: Counted, parts: readonly Buffer[]): string {
  const part = command.subcommands && partOf(command, parts)
  return part ? `${command.name}|${part.name}` : command.name
}

/** The subcommand that a request is about. */
function partOf<Part extends Counted>(
  { subcommands }: { readonly subcommands?: readonly Part[] },
  parts: readonly Buffer[],
): Part | undefined {
  const word = parts[1]?.toString('latin1').toLowerCase()
  return subcommands?.find(each => each.name === word)
}
