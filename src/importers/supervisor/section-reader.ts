import { dirname, resolve } from 'node:path'
import { formatDuration, parseSize } from '../../base/units.ts'
import { lookUp } from '../look-up.ts'
import { type Place, type Report, shorten } from '../report.ts'
import type { Value } from '../source.ts'
import { plainOf, type Text } from '../text.ts'
import { expand, type Scope } from './expand.ts'
import type { IniSection } from './ini.ts'

/** What all sections are read with. */
export interface Context {
  readonly cwd: string
  /** The folder of the configuration that is written. */
  readonly target: string
  readonly report: Report
}

/** What all programs are read with. */
export interface ProgramContext extends Context {
  /** What [supervisord] sets in its `environment`. */
  readonly variables: ReadonlyMap<string, Text>
  /** Its `directory`, as an absolute path. */
  readonly base: string | undefined
  readonly user: Value | undefined
  /** The name of the group that a program is in. */
  readonly groupOf: ReadonlyMap<string, string>
}

const truths: Readonly<Record<string, boolean>> = {
  yes: true,
  true: true,
  on: true,
  1: true,
  no: false,
  false: false,
  off: false,
  0: false,
}

/** Reads the values of one section as supervisord converts them, and knows which of them nobody has asked for. */
export class SectionReader {
  readonly section: IniSection
  readonly report: Report
  #scope: Omit<Scope, 'folder'>
  readonly #context: Context
  readonly #asked = new Set<string>()

  constructor(section: IniSection, context: Context, scope: Partial<Omit<Scope, 'folder'>> = {}) {
    this.section = section
    this.report = context.report
    this.#scope = { values: new Map(), variables: new Map(), ...scope }
    this.#context = context
  }

  /** Variables that `%(ENV_X)s` of the values read from now on may name. */
  define(variables: ReadonlyMap<string, Text>): void {
    this.#scope = { ...this.#scope, variables: new Map([...this.#scope.variables, ...variables]) }
  }

  /** supervisord does not say where it runs, and relative paths count from there. */
  noteRelative(key: string, text: Text): void {
    const [first = '/'] = text
    const folder = dirname(resolve(this.#context.cwd, this.section.file))
    if (typeof first !== 'string' || /^[/~]/.test(first) || folder === this.#context.target) return
    const note =
      'a relative path counts from the folder of the configuration, and not from where supervisord was started'
    this.report.once('changed', this.place(key), note)
  }

  has(key: string): boolean {
    return this.section.entries.has(key)
  }

  /** Where the value stands, or the section that lacks it. */
  place(key: string): Place {
    const { name, file, line, entries } = this.section
    const entry = entries.get(key)
    if (!entry) return { file, line, setting: `[${name}]` }
    const shown = /^(?:password|environment)$/.test(key) ? '' : `=${shorten(entry.value)}`
    return { file: entry.file, line: entry.line, setting: `[${name}] ${key}${shown}` }
  }

  /** The value as it stands there. */
  raw(key: string): string | undefined {
    this.#asked.add(key)
    return this.section.entries.get(key)?.value
  }

  /** The value with its `%(…)s` replaced. */
  text(key: string): Text | undefined {
    const raw = this.raw(key)
    return raw === undefined ? undefined : this.expand(key, raw)
  }

  /** A part of a value. */
  expand(key: string, raw: string): Text {
    const file = this.section.entries.get(key)?.file ?? this.section.file
    const { text, problems } = expand(raw, { ...this.#scope, folder: dirname(resolve(this.#context.cwd, file)) })
    for (const problem of problems) this.report.skipped(this.place(key), problem)
    if (raw.includes('%(host_node_name)')) {
      this.report.changed(this.place(key), 'the name of this machine was written in its place')
    }
    return text
  }

  /** The value, where it does not depend on the environment. */
  plain(key: string): string | undefined {
    const text = this.text(key)
    const plain = text && plainOf(text)
    if (text && plain === undefined) {
      this.report.skipped(this.place(key), 'it is known only where it runs: write it into the configuration')
    }
    return plain
  }

  integer(key: string): number | undefined {
    return this.#convert(key, 'a whole number', text => (/^[+-]?\d+$/.test(text) ? Number(text) : undefined))
  }

  boolean(key: string): boolean | undefined {
    return this.#convert(key, 'true or false', text => lookUp(truths, text.toLowerCase()))
  }

  /** Seconds, as Saola writes durations. */
  duration(key: string): string | number | undefined {
    const seconds = this.integer(key)
    if (seconds === undefined || seconds < 0) return undefined
    return seconds === 0 ? 0 : formatDuration(seconds * 1_000)
  }

  /** Bytes. */
  size(key: string): number | undefined {
    return this.#convert(key, 'a size such as 50MB', text =>
      /^\d+(?:kb|mb|gb)?$/i.test(text) ? parseSize(text) : undefined,
    )
  }

  #convert<Value>(key: string, expected: string, convert: (text: string) => Value | undefined): Value | undefined {
    const text = this.plain(key)?.trim()
    if (text === undefined) return undefined
    const value = convert(text)
    if (value === undefined) this.report.skipped(this.place(key), `supervisord expects ${expected} here`)
    return value
  }

  /** The keys that nobody has asked for. */
  get unread(): readonly string[] {
    return [...this.section.entries.keys()].filter(key => !this.#asked.has(key))
  }
}
