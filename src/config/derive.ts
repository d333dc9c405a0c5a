import * as z from 'zod'
import type { OptionMeta } from '../base/option-types.ts'
import type { Option } from './option.ts'
import { appSchema, configSchema } from './schema.ts'

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

/** The list of all options, as the schema has them. */
export function deriveOptions(): Option[] {
  return optionsIn(z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema, '')
}

/** What the schema makes of an empty configuration, but for what depends on the machine or must be given. */
export function deriveDefaults() {
  const { app: _app, listen: _listen, workers: _workers, ...app } = appSchema.parse({ app: '-' })
  const { apps: _apps, ...tree } = configSchema.parse({})
  return { app, tree }
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
