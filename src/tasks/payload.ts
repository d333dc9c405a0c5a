/** Inputs and results as JSON text. An input that JSON would change is refused where it is given, not found out in the handler. */
import { messageOf } from '../base/errors.ts'
import { quoted } from '../base/printable.ts'
import { checkValue, type StandardSchema } from '../store/codecs/standard-schema.ts'
import { TaskError } from './task-error.ts'

/** A value as it comes back from JSON: a Date is a text. */
export type Kept<Value> = Value extends { toJSON(): infer Json }
  ? Kept<Json>
  : Value extends string | number | boolean | null | undefined
    ? Value
    : Value extends readonly unknown[]
      ? { [Index in keyof Value]: Kept<Value[Index]> }
      : Value extends object
        ? { [Name in keyof Value]: Kept<Value[Name]> }
        : Value

/** @throws {TaskError} TASK_INPUT_INVALID for what JSON would lose: a Date, a Map, an instance of a class, a bigint, NaN. */
export function encodeInput(input: unknown): string {
  try {
    return JSON.stringify(input, refuseForeign) ?? 'null'
  } catch (cause) {
    if (cause instanceof TaskError) throw cause
    throw new TaskError('TASK_INPUT_INVALID', `The input is no JSON: ${messageOf(cause)}.`, { cause })
  }
}

/** What a handler is called with; undefined for null, which is also what no input is. */
export function decodeInput(payload: string): unknown {
  try {
    return JSON.parse(payload) ?? undefined
  } catch (cause) {
    throw new TaskError('TASK_INPUT_INVALID', `The stored input is no JSON: ${messageOf(cause)}.`, { cause })
  }
}

/**
 * The input as the schema gives it back.
 *
 * @throws {TaskError} TASK_INPUT_INVALID with all that the schema says.
 */
export async function checkInput(schema: StandardSchema | undefined, input: unknown, task: string): Promise<unknown> {
  if (!schema) return input
  try {
    return await checkValue(schema, input)
  } catch (cause) {
    const reason = messageOf(cause).replace('The schema refuses the value', 'the schema refuses it')
    throw new TaskError('TASK_INPUT_INVALID', `The input of task ${quoted(task)}: ${reason}`, { cause })
  }
}

/** Undefined for undefined. @throws {TaskError} TASK_RESULT_INVALID */
export function encodeResult(result: unknown): string | undefined {
  try {
    return JSON.stringify(result)
  } catch (cause) {
    throw new TaskError('TASK_RESULT_INVALID', `The handler returned what is no JSON: ${messageOf(cause)}.`, { cause })
  }
}

/** For JSON.stringify, which calls it on the object that holds the value, before and after toJSON. */
function refuseForeign(this: Record<string, unknown>, name: string, value: unknown): unknown {
  const given = this[name]
  switch (typeof given) {
    case 'bigint':
    case 'function':
    case 'symbol':
      throw foreign(name, `a ${typeof given}`)
    case 'number':
      if (!Number.isFinite(given)) throw foreign(name, String(given))
      return value
    case 'object': {
      if (given === null || Array.isArray(given)) return value
      const prototype = Object.getPrototypeOf(given)
      // Of another realm, such as the one of a test runner, it is another Object, but as bare.
      if (prototype === null || Object.getPrototypeOf(prototype) === null) return value
      throw foreign(name, `an instance of ${prototype.constructor?.name || 'a class'}`)
    }
    default:
      return value
  }
}

function foreign(name: string, what: string): TaskError {
  const place = name === '' ? 'The input' : `${quoted(name)} of the input`
  return new TaskError(
    'TASK_INPUT_INVALID',
    `${place} is ${what}, which JSON does not hold: use a text or a plain object.`,
  )
}
