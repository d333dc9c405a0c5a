import { formatDuration } from '../../base/units.ts'
import { type Place, type Report, shorten } from '../report.ts'
import { code, isCode, type Value } from '../source.ts'
import { pathOf, plainOf, settingOf, type Text } from '../text.ts'
import type { PythonValue } from './python-values.ts'

/** One setting that somebody has set, in the file or on the command line. */
export interface GivenSetting {
  readonly name: string
  readonly value: PythonValue
  readonly place: Place
}

/** All settings of Gunicorn that are set, and how to ask for them. */
export class GivenSettings {
  readonly report: Report
  readonly #settings: ReadonlyMap<string, GivenSetting>
  /** The folder of the configuration that is written. */
  readonly #target: string

  constructor(settings: readonly GivenSetting[], target: string, report: Report) {
    // What comes later counts: the command line comes before the file.
    this.#settings = new Map(settings.map(setting => [setting.name, setting]))
    this.#target = target
    this.report = report
  }

  get all(): readonly GivenSetting[] {
    return [...this.#settings.values()]
  }

  get(name: string): GivenSetting | undefined {
    const given = this.#settings.get(name)
    return given?.value.kind === 'none' ? undefined : given
  }

  has(name: string): boolean {
    return this.get(name) !== undefined
  }

  /** Texts, of one or of a list. */
  texts(name: string): Text[] | undefined {
    const given = this.get(name)
    if (!given) return undefined
    const values = given.value.kind === 'list' ? given.value.items : [given.value]
    const texts = values.flatMap(value => (value.kind === 'text' ? [value.text] : []))
    return texts.length === values.length ? texts : this.#refuse(given, 'a text')
  }

  /** A text as the configuration has it. */
  text(name: string): Value | undefined {
    const [only] = this.texts(name) ?? []
    return only && settingOf(only)
  }

  /** A path, which counts from `chdir` where that is set. */
  path(name: string): Value | undefined {
    const [only] = this.texts(name) ?? []
    if (only === undefined) return undefined
    const folder = this.get('chdir')?.value
    const isRelative = typeof only[0] === 'string' && !/^[-/]/.test(only[0])
    return pathOf(isRelative && folder?.kind === 'text' ? [...folder.text, '/', ...only] : only, this.#target)
  }

  /** The text, where it does not depend on the environment. */
  plain(name: string): string | undefined {
    const [only] = this.get(name)?.value.kind === 'text' ? (this.texts(name) ?? []) : []
    return only && plainOf(only)
  }

  /** A whole number, or an expression for it. */
  count(name: string): Value | undefined {
    const given = this.get(name)
    if (given?.value.kind === 'number') return given.value.value
    if (given?.value.kind !== 'variable') return given && this.#refuse(given, 'a number')
    const text = settingOf(given.value.text)
    return isCode(text) ? code(`Number(${text.code})`, ...text.imports) : text
  }

  /** Seconds, as Saola writes durations. */
  duration(name: string): Value | undefined {
    const given = this.get(name)
    if (given?.value.kind === 'number') return given.value.value === 0 ? 0 : formatDuration(given.value.value * 1_000)
    if (given?.value.kind === 'variable') return settingOf(given.value.text)
    return given && this.#refuse(given, 'a number')
  }

  #refuse({ place, value }: GivenSetting, expected: string): undefined {
    const reason =
      value.kind === 'unknown' ? `${value.reason}: write it into the configuration` : `${expected} was expected`
    this.report.skipped(place, reason)
    return undefined
  }
}

/** Where a setting stands in a file, as notes show it. */
export function placeOf(file: string, line: number | undefined, source: string): Place {
  return { file, line, setting: shorten(source.replace(/:$/, '')) }
}
