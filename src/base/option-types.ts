import * as z from 'zod'
import { type Address, parseAddress } from './address.ts'
import { countCpus, workersMax } from './cpu-count.ts'
import { messageOf } from './errors.ts'
import { durationMsMax, expectedDuration, expectedSize, parseDurationUpTo, parseSize } from './units.ts'

/**
 * What an option says about itself beside its type, in `.meta()`. The building blocks below bring `kind` and
 * `expected`; the `options.ts` of a room adds `change` and a description.
 */
export interface OptionMeta {
  /** When a changed value counts: at once, after the workers were rolled, or only in a tree that is started anew. */
  readonly change?: Change
  /** How a resolved value is written for people, and whether it is a path to resolve. */
  readonly kind?: OptionKind
  /** What is right, as a message says it: `a size such as "1mb"`. */
  readonly expected?: string
  /** The key that a plain value of this section stands for: `accessLog: 'json'` is `accessLog: { format: 'json' }`. */
  readonly short?: string
}

export type Change = 'live' | 'restart' | 'refused'
export type OptionKind =
  | 'duration'
  | 'size'
  | 'share'
  | 'path'
  | 'octal'
  | 'workers'
  | 'addresses'
  | 'url'
  | 'upstream'
  | 'secret'

declare module 'zod' {
  interface GlobalMeta extends OptionMeta {}
}

/** A part of what there is, or a fixed size. */
export type Share = { readonly fraction: number } | { readonly bytes: number }

// Nothing waits for it here, but browsers do.
export const browserDurationMsMax = 10 * 366 * 86_400_000

/** A duration, resolved to milliseconds under the same key; by default at most what a timer of Node can wait for. */
export function duration(msMax = durationMsMax) {
  return z
    .union([z.string(), z.number()])
    .transform((value, context) => parsed(value, context, text => parseDurationUpTo(msMax, text)))
    .meta({ kind: 'duration', expected: expectedDuration })
}

/** A size, resolved to bytes under the same key. */
export function size() {
  return z
    .union([z.string(), z.number()])
    .transform((value, context) => parsed(value, context, parseSize))
    .meta({ kind: 'size', expected: expectedSize })
}

/** `'80%'`, resolved to `{ fraction: 0.8 }`, or a size, resolved to `{ bytes }`. */
export function share() {
  return z
    .union([z.string(), z.number()])
    .transform((value, context) => parsed(value, context, parseShare))
    .meta({ kind: 'share', expected: expectedShare })
}

const expectedShare = 'a share such as "80%" or a size such as "512MB"'

function parseShare(value: string | number): Share {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(String(value).trim())
  if (!percent) return { bytes: parseSize(value) }
  const fraction = Number(percent[1]) / 100
  if (fraction <= 0 || fraction > 1) throw new Error(`expected a share from "1%" to "100%", got "${value}"`)
  return { fraction }
}

/** A path, resolved against the folder of the configuration file. `-` stays: it is standard output. */
export function path() {
  return z.string().min(1).meta({ kind: 'path', expected: 'a path' })
}

/** A whole number between two limits. */
export function count({ min = 0, max = Number.MAX_SAFE_INTEGER }: { min?: number; max?: number } = {}) {
  const upTo = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`
  return z
    .int()
    .min(min)
    .max(max)
    .meta({ expected: `a whole number ${upTo}` })
}

/** A text that is never printed. */
export function secret() {
  return z.string().min(1).meta({ kind: 'secret', expected: 'a text' })
}

const expectedWorkers = '"auto", a number of workers such as 4, or { min, max }'

/** How many processes: `auto` for the cores, a number, or a range that follows the load; resolved to `{ min, max }`. */
export function workerRange() {
  return z
    .union([
      z.literal('auto'),
      count({ min: 1, max: workersMax }),
      z.strictObject({
        min: count({ min: 1, max: workersMax }).meta({ change: 'live', description: 'The fewest workers.' }),
        max: count({ min: 1, max: workersMax }).meta({ change: 'live', description: 'The most workers.' }),
      }),
    ])
    .transform((value, context) => {
      const range = typeof value === 'object' ? value : rangeOf(value)
      if (range.min > range.max) {
        const message = `expected min to be at most max, got ${JSON.stringify(value)}`
        context.issues.push({ code: 'custom', message, input: value })
      }
      return range
    })
    .meta({ kind: 'workers', expected: expectedWorkers })
}

function rangeOf(value: 'auto' | number): { min: number; max: number } {
  const number = value === 'auto' ? countCpus() : value
  return { min: number, max: number }
}

/** A list of texts that a parser accepts; it stays as it is written. */
export function list(parse: (value: string) => unknown, expected: string) {
  return z
    .array(
      z.string().superRefine((value, context) => {
        parsed(value, context, parse)
      }),
    )
    .meta({ expected })
}

/** An address in which a password may be: that is never printed. */
export function url(expected: string, pattern: RegExp) {
  return z
    .string()
    .refine(value => pattern.test(value), `expected ${expected}`)
    .meta({ kind: 'url', expected })
}

export function text(expected = 'a text') {
  return z.string().min(1).meta({ expected })
}

/** One of a few words. */
export function choice<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words).meta({ expected: anyOf(words) })
}

/** `"a", "b" or "c"`. */
export function anyOf(words: readonly string[]): string {
  const quoted = words.map(word => JSON.stringify(word))
  return quoted.length < 2 ? quoted.join('') : `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`
}

/** One address or several, resolved to a list. */
export function addresses() {
  return z
    .union([z.string(), z.array(z.string()).min(1)])
    .transform((value, context): Address[] => {
      const texts = typeof value === 'string' ? [value] : value
      return texts.map((address, index) =>
        parsed(address, context, parseAddress, typeof value === 'string' ? [] : [index]),
      )
    })
    .meta({ kind: 'addresses', expected: 'an address such as "127.0.0.1:8000", or a list of them' })
}

/** Runs a parser of base/ and turns what it throws into a problem of this option. */
function parsed<Input, Output>(
  value: Input,
  context: z.RefinementCtx,
  parse: (value: Input) => Output,
  at: (string | number)[] = [],
): Output {
  try {
    return parse(value)
  } catch (error) {
    context.issues.push({ code: 'custom', message: messageOf(error), input: value, path: at })
    return z.NEVER
  }
}
