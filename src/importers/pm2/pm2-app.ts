import { basename, extname } from 'node:path'
import { suggest } from '../../base/suggest.ts'
import { formatDuration, formatSize, parseSize } from '../../base/units.ts'
import { lookUp } from '../look-up.ts'
import { type Place, type Report, shorten } from '../report.ts'
import { splitWords } from '../words.ts'
import { canonicalKey, missingKeys, readKeys } from './app-keys.ts'
import type { AppLines } from './locate-keys.ts'
import { isObject, type RawApp } from './read-ecosystem.ts'

export interface Pm2Context {
  /** The folder that paths of the file count from. */
  readonly base: string
  /** The folder of the configuration that is written. */
  readonly target: string
  /** As the user names it. */
  readonly file: string
  /** The `env_…` to take. */
  readonly env: string | undefined
  readonly report: Report
}

/** One application of PM2, whose keys may have several names. */
export class Pm2App {
  readonly name: string
  readonly context: Pm2Context
  readonly #values = new Map<string, unknown>()
  /** The key as it was written. */
  readonly #written = new Map<string, string>()
  readonly #lines: AppLines | undefined

  constructor(raw: RawApp, lines: AppLines | undefined, context: Pm2Context) {
    for (const [key, value] of Object.entries(raw)) {
      const canonical = canonicalKey(key)
      if (value === undefined || value === null || this.#values.has(canonical)) continue
      this.#values.set(canonical, value)
      this.#written.set(canonical, key)
    }
    this.#lines = lines
    this.context = context
    const script = this.text('script') ?? ''
    this.name = this.text('name') ?? (basename(script, extname(script)) || 'app')
  }

  get report(): Report {
    return this.context.report
  }

  place(key?: string): Place {
    const { file } = this.context
    const written = key === undefined ? undefined : this.#written.get(key)
    if (key === undefined || written === undefined) return { file, line: this.#lines?.line, setting: this.name }
    const value = this.#values.get(key)
    const shown = key.startsWith('env') ? '' : `=${shorten(typeof value === 'string' ? value : JSON.stringify(value))}`
    return {
      file,
      line: this.#lines?.keys.get(written) ?? this.#lines?.line,
      setting: `${this.name}.${written}${shown}`,
    }
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  raw(key: string): unknown {
    return this.#values.get(key)
  }

  text(key: string): string | undefined {
    const value = this.#values.get(key)
    if (typeof value === 'string') return value
    return typeof value === 'number' ? String(value) : undefined
  }

  boolean(key: string): boolean | undefined {
    const value = this.#values.get(key)
    return value === undefined ? undefined : value !== 'false' && Boolean(value)
  }

  number(key: string): number | undefined {
    const value = this.#values.get(key)
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    if (typeof number === 'number' && Number.isFinite(number)) return number
    if (value !== undefined) this.report.skipped(this.place(key), 'PM2 expects a number here')
    return undefined
  }

  /** Words, of a list or of one text. */
  words(key: string): string[] {
    const value = this.#values.get(key)
    if (Array.isArray(value)) return value.map(String)
    try {
      return splitWords(typeof value === 'string' ? value : '')
    } catch {
      // PM2 takes it as it can: so the words are what blanks leave of it.
      return String(value).split(/\s+/)
    }
  }

  /** A time in milliseconds, `"10s"`, `"5m"` or `"1h"`, as Saola writes it. */
  duration(key: string): string | number | undefined {
    const value = this.#values.get(key)
    const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)([hms]?)$/.exec(String(value)) ?? []
    if (value === undefined || amount === undefined) {
      if (value !== undefined)
        this.report.skipped(this.place(key), 'PM2 expects milliseconds here, or a time such as "10s"')
      return undefined
    }
    const ms = Math.round(Number(amount) * ({ h: 3_600_000, m: 60_000, s: 1_000 }[unit] ?? 1))
    return ms === 0 ? 0 : formatDuration(ms)
  }

  /** Bytes, `"300M"` or `"1G"`, as Saola writes sizes. */
  size(key: string): string | undefined {
    const value = this.#values.get(key)
    if (value === undefined) return undefined
    if (/^\d+[GMK]?B?$/i.test(String(value))) return formatSize(parseSize(String(value)))
    this.report.skipped(this.place(key), 'PM2 expects bytes here, or a size such as "300M"')
    return undefined
  }

  /** The variables with those of the chosen `env_…`; PORT of `port`, too. */
  get variables(): Map<string, string> {
    const { env } = this.context
    const own = env === undefined ? undefined : this.#values.get(`env_${env}`)
    const port = this.#values.get('port')
    const merged = {
      ...asObject(this.#values.get('env')),
      ...(port === undefined ? {} : { PORT: port }),
      ...asObject(own),
    }
    return new Map(
      Object.entries(merged)
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
    )
  }

  /** The key that a variable is set in. */
  keyOfVariable(name: string): string {
    const chosen = `env_${this.context.env}`
    if (name in asObject(this.#values.get(chosen))) return chosen
    return name === 'PORT' && this.has('port') ? 'port' : 'env'
  }

  /** Says of each key that nothing is made of why that is so. */
  noteRest(): void {
    const { env } = this.context
    for (const key of this.#values.keys()) {
      const reason = lookUp(missingKeys, key)
      const isOn = this.#values.get(key) !== false
      if (reason) {
        if (isOn) this.report.missing(this.place(key), reason)
      } else if (key.startsWith('env_')) {
        if (key !== `env_${env}`) this.#noteEnvironment(key)
      } else if (reason === undefined && !readKeys.includes(key)) {
        const meant = suggest(key, [...readKeys, ...Object.keys(missingKeys)])
        const hint = meant === undefined ? '' : `, did you mean ${meant}?`
        this.report.skipped(this.place(key), `PM2 does not know it either${hint}`)
      }
    }
  }

  #noteEnvironment(key: string): void {
    const name = key.slice('env_'.length)
    this.report.hint(this.place(key), `only env was taken; "saola import pm2 --env ${name}" takes this, too`)
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return isObject(value) ? value : {}
}
