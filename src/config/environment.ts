import { suggest } from '../base/suggest.ts'
import { collectionOf } from './collections.ts'
import type { LoadRequest } from './config.ts'
import type { Option } from './option.ts'

/** What Saola itself and its tests put into the environment of a process: no option of anybody. */
const ownVariables = /^SAOLA_(?:(?:WORKER|PROGRAM|RUN|TEST)(?:_|$)|STORE_TREE$)/

/**
 * The environment variable of an option: `SAOLA_` and its path in capitals, words parted by `_`.
 *
 * ```ts
 * variableOf('apps.web.bootTimeout')  // 'SAOLA_APPS_WEB_BOOT_TIMEOUT'
 * ```
 */
export function variableOf(path: string): string {
  const words = path.replace(/([a-z0-9])([A-Z])/g, '$1_$2').replace(/[^A-Za-z0-9]+/g, '_')
  return `SAOLA_${words.toUpperCase()}`
}

/**
 * Can this option stand in an environment variable? Lists and records cannot, but for a list of addresses, and neither can
 * what is in them: a variable has no place for the key.
 */
export function hasVariable({ path, kind, types }: Option): boolean {
  const inside = collectionOf(path) === undefined ? path : path.replace('.*', '')
  if (/\[\]|\*/.test(inside)) return false
  return kind === 'addresses' || types.some(type => ['string', 'number', 'integer', 'boolean'].includes(type))
}

/** The value in an environment variable as the configuration file would have it. */
export function readVariable({ kind, types }: Option, text: string): unknown {
  if (kind === 'addresses') return text.split(',').map(address => address.trim())
  if (types.includes('boolean') && /^(?:true|false)$/.test(text)) return text === 'true'
  // A mask is octal as a text and decimal as a number: `22` can only mean the first.
  const takesNumber = kind !== 'octal' && (types.includes('number') || types.includes('integer'))
  return takesNumber && /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text
}

/**
 * Where a setting comes from that a variable has set: `env PORT`, or `env PORT (.env)` when the variable is one of a file.
 */
export function originOfVariable(name: string, { fromFiles = {} }: Pick<LoadRequest, 'fromFiles'>): string {
  const file = fromFiles[name]
  return file === undefined ? `env ${name}` : `env ${name} (${file})`
}

/** Does the environment hold anything that could be meant as an option? */
export function hasVariables(env: NodeJS.ProcessEnv): boolean {
  return Object.keys(env).some(isMeantAsOption)
}

/** A warning for every `SAOLA_` variable that is none of the known ones. */
export function warnOfUnknown(env: NodeJS.ProcessEnv, known: ReadonlySet<string>): string[] {
  const unknown = Object.keys(env).filter(name => isMeantAsOption(name) && !known.has(name))
  return unknown.map(name => {
    const meant = suggest(
      name.slice('SAOLA_'.length),
      [...known].map(other => other.slice('SAOLA_'.length)),
    )
    return `The environment variable ${name} is unknown${meant ? `, did you mean SAOLA_${meant}?` : '.'}`
  })
}

function isMeantAsOption(name: string): boolean {
  return name.startsWith('SAOLA_') && !ownVariables.test(name)
}
