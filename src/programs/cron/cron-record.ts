/**
 * What is remembered beyond the end of a tree, in a small file of its state folder: how the last runs have ended, which slots have been dealt
 * with, and which processes run, for a tree that was killed.
 */
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { ticksAtStart } from '../../supervisor/pid-file.ts'
import type { CronState, LeftOverRun, RememberedEntry } from './cron-state.ts'

/** A run that had not ended when the file was written. */
interface RememberedRun extends LeftOverRun {
  /** By this it is told from another process that has its number by now. */
  readonly ticks: number
}

interface Content {
  readonly version: 1
  readonly entries: Readonly<Record<string, RememberedEntry>>
  readonly runs: readonly RememberedRun[]
}

const nothing: Content = { version: 1, entries: {}, runs: [] }

export class CronRecord {
  readonly #file: string
  readonly #onTrouble: (error: unknown) => void
  #wanted: Content | undefined
  #writing: Promise<void> | undefined
  #hasFailed = false

  /** `onTrouble` is called once, until it can be written again. */
  constructor(file: string, onTrouble: (error: unknown) => void) {
    this.#file = file
    this.#onTrouble = onTrouble
  }

  /**
   * The entries, and the runs that are still there. Nothing of a file that is not there, or is none of this version: what is in it is worth no
   * refused start.
   */
  load(): { readonly entries: ReadonlyMap<string, RememberedEntry>; readonly leftOver: readonly LeftOverRun[] } {
    const { entries, runs } = read(this.#file)
    const leftOver = (Array.isArray(runs) ? runs : []).filter(({ pid, ticks }) => ticksAtStart(pid) === ticks)
    return { entries: new Map(Object.entries(entries ?? {})), leftOver }
  }

  /** Writes it soon; only the newest counts, and one write is under way at a time. */
  save(state: CronState): void {
    this.#wanted = contentOf(state)
    this.#writing ??= this.#write()
  }

  /** Resolves when all that was saved is written, or cannot be. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    for (let content = this.#take(); content; content = this.#take()) {
      try {
        await writeFile(`${this.#file}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 })
        // Whoever reads it finds the old one or the new one.
        await rename(`${this.#file}.new`, this.#file)
        this.#hasFailed = false
      } catch (error) {
        if (!this.#hasFailed) this.#onTrouble(error)
        this.#hasFailed = true
      }
    }
    this.#writing = undefined
  }

  #take(): Content | undefined {
    const content = this.#wanted
    this.#wanted = undefined
    return content
  }
}

function read(file: string): Content {
  try {
    const content = JSON.parse(readFileSync(file, 'utf8')) as Partial<Content>
    return content.version === 1 ? { ...nothing, ...content } : nothing
  } catch {
    return nothing
  }
}

function contentOf({ entries, runs }: CronState): Content {
  const remembered = [...entries].map(
    ([name, { definition, doneUntil, last, lastSuccessAt }]): [string, RememberedEntry] => {
      const { schedule, timeZone } = definition
      return [name, { schedule, timeZone, doneUntil, last, lastSuccessAt }]
    },
  )
  const underWay = [...runs.values()].flatMap(({ rules, pid, startedDate, by }) => {
    const ticks = pid === undefined ? undefined : ticksAtStart(pid)
    return pid === undefined || ticks === undefined ? [] : [{ name: rules.name, pid, startedDate, by, ticks }]
  })
  return { version: 1, entries: Object.fromEntries(remembered), runs: underWay }
}
