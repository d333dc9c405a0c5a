/**
 * Changes of single values by hand. Between the look and the change somebody else may have been there: each change is made only if
 * the value still is what it was when it was read here, and what it was for whoever asks, if that is said.
 */
import { randomUUID } from 'node:crypto'
import { ServerError } from '../base/errors.ts'
import { quoted } from '../base/printable.ts'
import type { StoreInputs } from '../dashboard/api.ts'
import type { Call, Engine } from '../store/engines/engine.ts'
import type { Reply, Status } from '../store/resp/reply.ts'
import { StoreError } from '../store/store-error.ts'
import { isJson, shownName, shownValue } from './shown-value.ts'
import { bytesOfId } from './store-browse.ts'
import { scoreText } from './store-entries.ts'

interface Target {
  readonly key: Buffer
  readonly type: string
  /** Of a list: its index. Undefined: the key itself. */
  readonly field: Buffer | undefined
}

/** @throws {StoreError} STORE_CONFLICT when it is not `was` any more; STORE_VALUE_INVALID when JSON would be none any more. */
export async function setValue(engine: Engine, input: StoreInputs['set']): Promise<void> {
  const target = await targetOf(engine, input)
  const read = readOf(target)
  const reply = await engine.call(read)
  const before = bytesOf(reply)
  checkWas(target, before, input.was)
  checkNew(target, before, input)
  const isSwapped = await swap(engine, target, { read, reply, before, value: input.value })
  if (!isSwapped) throw changed(target)
}

/** @throws {StoreError} STORE_CONFLICT when it is not `was` any more. */
export async function deleteValue(engine: Engine, input: StoreInputs['delete']): Promise<void> {
  const target = await targetOf(engine, input)
  const { key, type, field } = target
  if (type === 'none') throw absent(target)
  if (field === undefined && (type !== 'string' || input.was === undefined)) return deleteWhole(engine, target)
  const read = readOf(target)
  const reply = await engine.call(read)
  const before = bytesOf(reply)
  if (before === undefined || (type === 'set' && reply === 0)) throw absent(target)
  checkWas(target, type === 'set' ? (field as Buffer) : before, input.was)
  const done = await engine.transaction([{ call: read, reply }], droppings(key, type, field))
  if (!done) throw changed(target)
}

/** Null: it stays. */
export async function expireKey(engine: Engine, { id, ttlMs }: StoreInputs['expire']): Promise<void> {
  const key = bytesOfId(id)
  const reply = await engine.call(ttlMs === null ? ['persist', key] : ['pexpire', key, ttlMs])
  if (reply === 1 || (ttlMs === null && (await engine.call(['exists', key])) === 1)) return
  throw absent({ key, type: 'none', field: undefined })
}

async function targetOf(engine: Engine, input: Pick<StoreInputs['set'], 'id' | 'field' | 'fieldId'>): Promise<Target> {
  const key = bytesOfId(input.id)
  const type = ((await engine.call(['type', key])) as Status).text
  const field =
    input.fieldId !== undefined
      ? bytesOfId(input.fieldId)
      : input.field === undefined
        ? undefined
        : Buffer.from(input.field)
  if (type === 'list' && field !== undefined && !/^\d{1,15}$/.test(field.toString('latin1'))) {
    throw new StoreError('STORE_ARGUMENT_INVALID', 'The field of a list is an index: a whole number from 0 on.')
  }
  if (type === 'string' && field !== undefined) throw wrongType('A string has no fields: leave the field out.')
  return { key, type, field }
}

/** How the value is read. */
function readOf({ key, type, field }: Target): Call {
  if (type === 'string' || (type === 'none' && field === undefined)) return ['get', key]
  if (field === undefined) throw wrongType(`It is a ${type}: say which field of it.`)
  if (type === 'list') return ['lindex', key, field]
  if (type === 'zset') return ['zscore', key, field]
  return type === 'set' ? ['sismember', key, field] : ['hget', key, field]
}

interface Swap {
  readonly read: Call
  readonly reply: Reply
  readonly before: Buffer | undefined
  readonly value: string
}

/** Whether nobody else was there meanwhile. */
async function swap(engine: Engine, { key, type, field }: Target, { read, reply, before, value }: Swap) {
  if (type === 'hash' || (type === 'none' && field !== undefined)) {
    const expected = before ? Buffer.concat([Buffer.from('='), before]) : '-'
    // The field keeps its time to live.
    return (await engine.call(['saola.map.swap', key, field as Buffer, expected, value, -1])) === 1
  }
  const calls: Readonly<Record<string, Call>> = {
    list: ['lset', key, field ?? '', value],
    zset: ['zadd', key, value.trim(), field ?? ''],
  }
  const call = calls[type] ?? (['set', key, value, ...(before ? ['KEEPTTL'] : [])] as const)
  return (await engine.transaction([{ call: read, reply }], [call])) !== undefined
}

function checkNew(target: Target, before: Buffer | undefined, { value, was, asText = false }: StoreInputs['set']) {
  const { type } = target
  if (type === 'set') throw wrongType('A member of a set has no value: delete it, and add another.')
  if (type === 'zset') {
    if (before === undefined) throw absent(target)
    if (/^\s*[+-]?(\d+\.?\d*(e[+-]?\d+)?|\.\d+|inf)\s*$/i.test(value)) return
    throw new StoreError('STORE_VALUE_INVALID', 'The score expected a number such as 1.5.')
  }
  if (type === 'list' && before === undefined) throw absent(target)
  if (before === undefined) return
  const shown = shownValue(before)
  if (shown.isCut && was !== undefined) {
    throw new StoreError(
      'STORE_VALUE_INVALID',
      'Only its beginning was shown: it would be cut off. Write it by a program.',
    )
  }
  if (shown.encoding === 'base64') {
    throw new StoreError('STORE_VALUE_INVALID', 'It holds bytes that are no text: write it by a program, or delete it.')
  }
  if (!asText && isJson(before.toString()) && !isJson(value)) {
    const advice = 'correct it, or say that it is to be text'
    throw new StoreError('STORE_VALUE_INVALID', `The value was JSON, and the new one is none: ${advice}.`)
  }
}

function checkWas(target: Target, before: Buffer | undefined, was: string | undefined): void {
  if (was === undefined) return
  if (before === undefined) throw absent(target)
  if (shownValue(before).value !== was) throw changed(target)
}

async function deleteWhole(engine: Engine, target: Target): Promise<void> {
  if ((await engine.call(['del', target.key])) === 0) throw absent(target)
}

function droppings(key: Buffer, type: string, field: Buffer | undefined): Call[] {
  if (field === undefined) return [['del', key]]
  if (type === 'hash') return [['hdel', key, field]]
  if (type === 'set') return [['srem', key, field]]
  if (type === 'zset') return [['zrem', key, field]]
  // Elements are removed by what they hold: this one is made one of a kind before.
  const mark = `deleted ${randomUUID()}`
  return [
    ['lset', key, field, mark],
    ['lrem', key, 1, mark],
  ]
}

function bytesOf(reply: Reply): Buffer | undefined {
  if (reply === null) return undefined
  return Buffer.isBuffer(reply) ? reply : Buffer.from(scoreText(reply))
}

function whatOf({ key, field }: Target): string {
  const name = quoted(shownName(key).text)
  return field === undefined ? name : `${quoted(shownName(field).text)} of ${name}`
}

function changed(target: Target): StoreError {
  return new StoreError(
    'STORE_CONFLICT',
    `${whatOf(target)} was changed meanwhile: look at it again, nothing was done.`,
  )
}

function absent(target: Target): ServerError {
  return new ServerError('ERR_STORE_KEY_ABSENT', `There is no ${whatOf(target)} in the store, or not any more.`)
}

function wrongType(message: string): StoreError {
  return new StoreError('STORE_WRONG_TYPE', message)
}
