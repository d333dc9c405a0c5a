import { CommandError } from '../commands/command-error.ts'
import { type KnownSetting, knownSettings, type SettingKind } from './known-settings.ts'

/** A setting that does something here, or shows what is. */
export interface ActingSetting {
  readonly kind: SettingKind
  /** As CONFIG GET shows it. */
  get(): string
  /** Undefined: it cannot be changed while the store runs. The value is of the kind; a number of bytes is written out. */
  set?: (value: string) => void
}

/** What CONFIG shows and changes. What is changed lasts until the owner ends. */
export class Settings {
  readonly #settings = new Map<string, ActingSetting>()

  constructor() {
    for (const known of knownSettings) this.bind(known.name, remembered(known))
  }

  /** Gives a setting a meaning. */
  bind(name: string, setting: ActingSetting): void {
    this.#settings.set(name, setting)
  }

  get names(): Iterable<string> {
    return this.#settings.keys()
  }

  get(name: string): string | undefined {
    return this.#settings.get(name)?.get()
  }

  /**
   * Changes all of them, or none.
   *
   * @throws {CommandError} Redis' own texts.
   */
  change(pairs: readonly (readonly [name: string, value: string])[]): void {
    const found = pairs.map(([name]) => this.#find(name))
    const seen = new Set<ActingSetting>()
    const changes = pairs.map(([name, value], i) => {
      const setting = found[i] as ActingSetting
      const refuse = (reason: string) =>
        new CommandError('ERR', `CONFIG SET failed (possibly related to argument '${name}') - ${reason}`)
      if (!setting.set && value !== setting.get()) throw refuse("can't set immutable config")
      if (seen.has(setting)) throw refuse('duplicate parameter')
      seen.add(setting)
      const read = readValue(setting.kind, value, refuse)
      return () => setting.set?.(read)
    })
    for (const change of changes) change()
  }

  #find(name: string): ActingSetting {
    const setting = this.#settings.get(name.toLowerCase())
    if (setting) return setting
    throw new CommandError('ERR', `Unknown option or number of arguments for CONFIG SET - '${name}'`)
  }
}

function remembered({ kind, value }: KnownSetting): ActingSetting {
  let current = value
  return {
    kind,
    get: () => current,
    set: changed => {
      current = changed
    },
  }
}

type Refuse = (reason: string) => CommandError

/** @throws {CommandError} when the value is not of the kind. */
function readValue(kind: SettingKind, value: string, refuse: Refuse): string {
  if (kind.is === 'flag') {
    if (!/^(?:yes|no)$/i.test(value)) throw refuse("argument must be 'yes' or 'no'")
    return value.toLowerCase()
  }
  if (kind.is === 'integer') return readInteger(kind, value, refuse)
  if (kind.is === 'bytes') return readBytes(value, refuse)
  if (kind.is === 'words') {
    const word = value.toLowerCase()
    if (kind.words.includes(word)) return word
    throw refuse(`argument(s) must be one of the following: ${kind.words.join(', ')}`)
  }
  if (kind.matches && !kind.matches.test(value)) throw refuse(kind.problem ?? 'Invalid argument')
  return value
}

function readInteger({ from, to }: { from: number; to: number }, value: string, refuse: Refuse): string {
  if (!/^(?:0|-?[1-9]\d{0,18})$/.test(value)) throw refuse("argument couldn't be parsed into an integer")
  const number = Number(value)
  if (number < from || number > to) throw refuse(`argument must be between ${from} and ${to} inclusive`)
  return value
}

const units: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1000 ** 2,
  mb: 1024 ** 2,
  g: 1000 ** 3,
  gb: 1024 ** 3,
}

function readBytes(value: string, refuse: Refuse): string {
  const [, digits, unit = ''] = /^(\d{1,15})([a-z]*)$/i.exec(value) ?? []
  const factor = units[unit.toLowerCase()]
  if (digits === undefined || factor === undefined) throw refuse('argument must be a memory value')
  return String(Number(digits) * factor)
}
