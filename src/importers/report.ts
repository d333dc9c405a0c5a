import { printable } from '../base/printable.ts'

/** Where a setting stands in the file that is imported. */
export interface Place {
  /** As the user names it: from the current folder. */
  readonly file: string
  /** From 1; undefined where only the evaluated value is known. */
  readonly line?: number | undefined
  /** What stands there: `[program:web] stdout_syslog=true`. */
  readonly setting: string
}

/**
 * - `missing`: nothing in Saola does this.
 * - `skipped`: nobody can tell what it means, or only who runs it; so it was left out.
 * - `changed`: it was written, and means something slightly different.
 * - `hint`: what Saola could do instead, or in addition.
 */
export type NoteKind = 'missing' | 'skipped' | 'changed' | 'hint'

/** One line for people about one setting. */
export interface Note extends Place {
  readonly kind: NoteKind
  readonly text: string
}

/** More than these are no help to anybody. */
const notesMax = 2_000

/** Collects what has to be said beside the configuration. */
export class Report {
  readonly #notes: Note[] = []
  readonly #known = new Set<string>()
  readonly #said = new Set<string>()

  missing(place: Place, text: string): void {
    this.#add({ ...place, kind: 'missing', text })
  }

  skipped(place: Place, text: string): void {
    this.#add({ ...place, kind: 'skipped', text })
  }

  changed(place: Place, text: string): void {
    this.#add({ ...place, kind: 'changed', text })
  }

  hint(place: Place, text: string): void {
    this.#add({ ...place, kind: 'hint', text })
  }

  /** What is true of many settings is said at the first one that it concerns. */
  once(kind: NoteKind, place: Place, text: string): void {
    if (this.#said.has(text)) return
    this.#said.add(text)
    this.#add({ ...place, kind, text })
  }

  /** In the order of the files and their lines. */
  get notes(): readonly Note[] {
    const files = [...new Set(this.#notes.map(({ file }) => file))]
    const rank = ({ file, line = 0 }: Note) => files.indexOf(file) * 1e9 + line
    return this.#notes.toSorted((a, b) => rank(a) - rank(b))
  }

  #add(note: Note): void {
    // A section is read for each of its processes, where they are programs of their own.
    const key = [note.file, note.line, note.setting, note.text].join('\n')
    if (this.#known.has(key) || this.#notes.length >= notesMax) return
    this.#known.add(key)
    this.#notes.push(note)
  }
}

const prefixes: Readonly<Record<NoteKind, string>> = {
  missing: 'no equivalent; ',
  skipped: 'left out; ',
  changed: '',
  hint: 'hint: ',
}

/**
 * A note as one line.
 *
 * ```ts
 * formatNote(note)  // 'supervisord.conf:14  [inet_http_server] port=*:9001: no equivalent; "saola status" …'
 * ```
 */
export function formatNote({ file, line, setting, kind, text }: Note): string {
  const place = line === undefined ? file : `${file}:${line}`
  return printable(`${place}  ${setting}: ${prefixes[kind]}${text}`)
}

/** A value in a note, cut off where it is long. */
export function shorten(value: string): string {
  const line = value.replace(/\s+/g, ' ').trim()
  return line.length > 60 ? `${line.slice(0, 57)}...` : line
}
