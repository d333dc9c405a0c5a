import * as z from 'zod'
import type { Change, OptionKind, OptionMeta } from '../base/option-types.ts'
import { configSchema } from './schema.ts'

/** A key of the configuration, as messages, documentation and environment variables need it. */
export interface Option extends Omit<OptionMeta, 'short'> {
  /** `apps.*.graceful.timeout`; `*` stands for a name that the user chooses. */
  readonly path: string
  readonly description: string
  readonly change: Change | undefined
  readonly kind: OptionKind | undefined
  readonly expected: string | undefined
  /** As one would write it; undefined when there is none. */
  readonly default: unknown
  readonly isRequired: boolean
  /** The JSON types that it takes. */
  readonly types: readonly string[]
  /** The words that it takes, when there are only a few. */
  readonly words: readonly string[]
  /** It has keys of its own, which stand in the list, too. */
  readonly isSection: boolean
  /** The key that a plain value of this section stands for. */
  readonly short: string | undefined
}

interface JsonSchema extends OptionMeta {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly required?: readonly string[]
}

let cached: readonly Option[] | undefined

/** Every key of the configuration, in the order of the schema: sections before what is in them. */
export function listOptions(): readonly Option[] {
  cached ??= optionsIn(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema, '')
  return cached
}

/** The option at a path of a configuration, such as `apps.web.timeout`, or undefined. */
export function findOption(path: readonly PropertyKey[]): Option | undefined {
  const pattern = patternOf(path)
  return listOptions().find(option => option.path === pattern)
}

/** The path of an option, with `*` in the place of the application's name. */
export function patternOf(path: readonly PropertyKey[]): string {
  return path.map((key, index) => (index === 1 && path[0] === 'apps' ? '*' : String(key))).join('.')
}

function optionsIn(schema: JsonSchema, prefix: string): Option[] {
  const section = [schema, ...(schema.anyOf ?? [])].find(({ properties }) => properties)
  const options = Object.entries(section?.properties ?? {}).flatMap(([key, value]) => {
    const option = optionOf(value, `${prefix}${key}`, section?.required?.includes(key) ?? false)
    return [option, ...optionsIn(value, `${prefix}${key}.`)]
  })
  // Keys that the user chooses: only sections by name have options in them.
  const named = schema.additionalProperties
  return typeof named === 'object' ? [...options, ...optionsIn(named, `${prefix}*.`)] : options
}

function optionOf(schema: JsonSchema, path: string, isRequired: boolean): Option {
  const variants = [schema, ...(schema.anyOf ?? [])]
  return {
    path,
    description: schema.description ?? '',
    change: schema.change,
    kind: schema.kind,
    expected: schema.expected,
    default: schema.default,
    isRequired,
    types: variants.flatMap(({ type }) => type ?? []),
    words: variants
      .flatMap(variant => [variant.const, ...(variant.enum ?? [])])
      .filter(word => typeof word === 'string'),
    isSection: variants.some(
      ({ properties, additionalProperties }) =>
        properties !== undefined || (typeof additionalProperties === 'object' && additionalProperties.properties),
    ),
    short: schema.short,
  }
}
