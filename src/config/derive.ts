import * as z from 'zod'
import type { OptionMeta } from '../base/option-types.ts'
import { isCollection } from './collections.ts'
import type { Option } from './option.ts'
import { appSchema, configSchema } from './schema.ts'

interface JsonSchema extends OptionMeta {
  readonly type?: string | readonly string[]
  readonly description?: string
  readonly default?: unknown
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: boolean | JsonSchema
  readonly propertyNames?: JsonSchema
  readonly items?: JsonSchema
  readonly required?: readonly string[]
}

/** The list of all options, as a schema has them. */
export function deriveOptions(schema: z.ZodType = configSchema): Option[] {
  return optionsIn(z.toJSONSchema(schema, { io: 'input' }) as JsonSchema, '')
}

/** What the schema makes of an empty configuration, but for what depends on the machine or must be given. */
export function deriveDefaults() {
  const { app: _app, listen: _listen, workers: _workers, ...app } = appSchema.parse({ app: '-' })
  const { apps: _apps, ...tree } = configSchema.parse({})
  return { app, tree }
}

/** What stands below a path: keys that have a name, keys that the user chooses, and items of lists. */
function optionsIn(schema: JsonSchema, path: string): Option[] {
  const variants = variantsOf(schema)
  // Of several sections to choose from, such as `{ header }` and `{ cookie }`, none of the keys must be there.
  const sections = variants.filter(({ properties }) => properties !== undefined)
  const isNeeded = (key: string) => sections.every(({ required }) => required?.includes(key))
  const isInAll = (key: string) => sections.every(({ properties = {} }) => Object.hasOwn(properties, key))
  const found = variants.flatMap(({ properties = {}, additionalProperties: entries, items }) => [
    ...Object.entries(properties).flatMap(([key, value]) => {
      const below = path === '' ? key : `${path}.${key}`
      const option = optionOf(value, below, isNeeded(key))
      return [isInAll(key) ? option : { ...option, isOfOneForm: true as const }, ...optionsIn(value, below)]
    }),
    ...(typeof entries === 'object' ? chosenOptions(entries, `${path}.*`) : []),
    ...(items ? chosenOptions(items, `${path}[]`) : []),
  ])
  return [...new Set(found.map(option => option.path))].map(wanted =>
    merge(found.filter(option => option.path === wanted)),
  )
}

/** An entry or item is an option itself only if there is something to say about it. */
function chosenOptions(schema: JsonSchema, path: string): Option[] {
  const own = optionOf(schema, path, false)
  const isKnown = [own.description, own.kind, own.plainKind, own.expected, own.short].some(Boolean)
  return [...(isKnown ? [own] : []), ...optionsIn(schema, path)]
}

/** The same key in several forms of a section. */
function merge(same: readonly Option[]): Option {
  const [first, ...others] = same as [Option, ...Option[]]
  if (others.length === 0) return first
  return {
    ...first,
    isRequired: same.every(({ isRequired }) => isRequired),
    types: [...new Set(same.flatMap(({ types }) => types))],
    words: [...new Set(same.flatMap(({ words }) => words))],
  }
}

/** The forms that a value may have, however deep a union stands in a union. */
function variantsOf(schema: JsonSchema): JsonSchema[] {
  return [schema, ...[...(schema.anyOf ?? []), ...(schema.oneOf ?? [])].flatMap(variantsOf)]
}

function optionOf(schema: JsonSchema, path: string, isRequired: boolean): Option {
  const variants = variantsOf(schema)
  const isOpen = isCollection(path)
  const isSection = isOpen || variants.some(({ properties }) => properties !== undefined)
  const holds = isOpen ? undefined : holdingOf(variants)
  const hasParts = isSection || holds !== undefined
  // Of a value with several forms, such as a size or `false`, the kind of the form that has one.
  const kindOfForm = schema.kind ?? variants.find(({ kind }) => kind !== undefined)?.kind
  const kind = hasParts ? schema.kind : kindOfForm
  const itemTypes = [
    ...new Set(variants.flatMap(({ items }) => (items ? variantsOf(items) : [])).flatMap(({ type }) => type ?? [])),
  ]
  const keys = variants.find(({ propertyNames }) => propertyNames)?.propertyNames?.expected
  return {
    path,
    description: schema.description ?? '',
    change: schema.change,
    kind,
    expected: schema.expected ?? expectedOf(variants),
    default: schema.default,
    isRequired,
    types: variants.flatMap(({ type }) => type ?? []),
    ...(isOnlyFalse(variants) ? { isOnlyFalse: true as const } : {}),
    ...(itemTypes.length === 0 ? {} : { itemTypes }),
    words: variants
      .flatMap(variant => [variant.const, ...(variant.enum ?? [])])
      .filter(word => typeof word === 'string'),
    isSection,
    short: schema.short,
    ...(holds === undefined ? {} : { holds }),
    ...(keys === undefined ? {} : { keys }),
    ...(kind !== undefined || kindOfForm === undefined ? {} : { plainKind: kindOfForm }),
  }
}

function isOnlyFalse(variants: readonly JsonSchema[]): boolean {
  const booleans = variants.filter(({ type }) => type === 'boolean')
  return booleans.length > 0 && booleans.every(variant => variant.const === false)
}

/** Of a value that may have several forms and does not say itself what is right. */
function expectedOf(variants: readonly JsonSchema[]): string | undefined {
  const texts = new Set(variants.flatMap(({ expected }) => expected ?? []))
  return texts.size === 0 ? undefined : [...texts].join(' or ')
}

/** Of lists and records those that hold more than plain texts, as `env` does. */
function holdingOf(variants: readonly JsonSchema[]): Option['holds'] {
  const isRich = (schema: JsonSchema | boolean | undefined): boolean =>
    typeof schema === 'object' &&
    (optionsIn(schema, '').length > 0 || variantsOf(schema).some(({ kind }) => kind !== undefined))
  if (variants.some(({ additionalProperties }) => isRich(additionalProperties))) return 'record'
  return variants.some(({ kind, items }) => kind === undefined && isRich(items)) ? 'list' : undefined
}
