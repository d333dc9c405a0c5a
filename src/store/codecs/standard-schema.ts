/** The check of a value on write, with any library of https://standardschema.dev: zod, valibot, arktype and others. */
import { printable } from '../../base/printable.ts'
import { StoreError } from '../store-error.ts'
import { formatPath, nameStep } from './codec.ts'

/** The part of version 1 of the specification that is used here. */
export interface StandardSchema<V = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<V> | Promise<SchemaResult<V>>
    readonly types?: { readonly input: unknown; readonly output: V } | undefined
  }
}

/** A value and no issues, or issues and no value. */
export type SchemaResult<V> =
  | { readonly value: V; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

const issuesShownMax = 50
const messageLengthMax = 500

/**
 * The value as the schema gives it back, with its defaults and transformations. A promise only when the schema is
 * asynchronous.
 *
 * ```ts
 * checkValue(z.object({ id: z.number() }), { id: 7 })    // { id: 7 }
 * checkValue(z.object({ id: z.number() }), { id: '7' })  // throws STORE_VALUE_INVALID, with the path "id"
 * ```
 *
 * @throws {StoreError} STORE_VALUE_INVALID, or STORE_ARGUMENT_INVALID when the schema is none.
 */
export function checkValue<V>(schema: StandardSchema<V>, value: unknown): V | Promise<V> {
  const standard = schema?.['~standard']
  if (typeof standard?.validate !== 'function') {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'schema expected a Standard Schema such as z.object({ … }) of zod.')
  }
  let result: SchemaResult<V> | Promise<SchemaResult<V>>
  try {
    result = standard.validate(value)
  } catch (cause) {
    throw thrownBySchema(cause)
  }
  if (!('then' in result)) return outputOf(result)
  return result.then(outputOf, cause => {
    throw thrownBySchema(cause)
  })
}

function outputOf<V>(result: SchemaResult<V>): V {
  if (!result.issues) return result.value
  const lines = result.issues.slice(0, issuesShownMax).map(formatIssue)
  const rest = result.issues.length - lines.length
  if (rest > 0) lines.push(`and ${rest} more`)
  throw new StoreError('STORE_VALUE_INVALID', `The schema refuses the value: ${lines.join('; ')}.`)
}

function formatIssue({ path = [], message }: SchemaIssue): string {
  const steps = path.map(step => nameStep(typeof step === 'object' ? step.key : step))
  return `${formatPath(steps)}: ${printable(String(message)).slice(0, messageLengthMax).replace(/\.$/, '')}`
}

function thrownBySchema(cause: unknown): StoreError {
  return new StoreError('STORE_VALUE_INVALID', 'The schema threw while it checked the value, see the cause.', { cause })
}
