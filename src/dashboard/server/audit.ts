/** What is written into the log of the tree: everything that somebody has done, and who was refused. */
import type { LogFields, LogLevel } from '../../base/log.ts'
import { printable } from '../../base/printable.ts'

export type WriteLog = (level: LogLevel, event: string, fields: LogFields) => void

export interface Deed {
  readonly user: string
  readonly address: string
  /** `reload`, `store.set`. */
  readonly action: string
  readonly target: string | undefined
}

/** What has become of a deed; without an error it was done. */
export type EndDeed = (error?: string) => void

const restMs = 10_000
const textLengthMax = 300

/** Refusals of one kind are a line at once, and then one in ten seconds: who is refused can make any number of them. */
export class Audit {
  readonly #write: WriteLog
  /** Deeds that are under way. */
  readonly #begun = new Set<Deed>()
  readonly #refused = new Map<string, { address: string; times: number }>()

  constructor(write: WriteLog) {
    this.#write = write
  }

  signedIn(user: string, address: string, by: 'token' | 'password'): void {
    this.#write('info', 'dashboard.signed-in', { user: shown(user), address, by })
  }

  signedOut(user: string, address: string): void {
    this.#write('info', 'dashboard.signed-out', { user: shown(user), address })
  }

  /** Somebody wants something done: call what is returned when it has ended. */
  begin(deed: Deed): EndDeed {
    // Another object for each, also where two do the same.
    const begun = { ...deed }
    this.#begun.add(begun)
    return error => {
      if (this.#begun.delete(begun)) this.#did(begun, error === undefined, error)
    }
  }

  #did({ user, address, action, target }: Deed, ok: boolean | 'unknown', error: string | undefined): void {
    this.#write(ok === true ? 'info' : 'warn', 'dashboard.action', {
      ...{ user: shown(user), address, action, target: target && shown(target) },
      ...{ ok, error: error && shown(error) },
    })
  }

  refused(reason: string, address: string): void {
    const known = this.#refused.get(reason)
    if (known) {
      known.times++
      known.address = address
      return
    }
    this.#tell(reason, address, 1)
    this.#refused.set(reason, { address, times: 0 })
    setTimeout(() => this.#rest(reason), restMs).unref()
  }

  /** What has been counted meanwhile, and what is still under way: it may be what ends this process. */
  close(): void {
    for (const deed of this.#begun) this.#did(deed, 'unknown', 'the dashboard was replaced before it ended')
    this.#begun.clear()
    for (const reason of this.#refused.keys()) this.#flush(reason)
  }

  #rest(reason: string): void {
    const { times } = this.#flush(reason)
    this.#refused.delete(reason)
    if (times === 0) return
    this.#refused.set(reason, { address: '', times: 0 })
    setTimeout(() => this.#rest(reason), restMs).unref()
  }

  #flush(reason: string): { readonly times: number } {
    const { address = '', times = 0 } = this.#refused.get(reason) ?? {}
    if (times > 0) this.#tell(reason, address, times)
    return { times }
  }

  #tell(reason: string, address: string, times: number): void {
    this.#write('warn', 'dashboard.refused', { reason, address, times })
  }
}

/** Short, and nothing in it that a terminal obeys. */
function shown(text: string): string {
  return printable(text.length > textLengthMax ? `${text.slice(0, textLengthMax)}…` : text)
}
