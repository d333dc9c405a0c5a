/** Members with their scores, as replies. */
import { Double, type Reply } from '../resp/reply.ts'
import type { CommandContext } from './command.ts'
import type { MemberRow } from './ranks.ts'
import { bufferOf } from './string-values.ts'

export function flat(rows: readonly MemberRow[]): Reply[] {
  return rows.flatMap(([member, score]) => [bufferOf(member), new Double(score)])
}

export function paired(rows: readonly MemberRow[]): Reply[] {
  return rows.map(([member, score]) => [bufferOf(member), new Double(score)])
}

/** Pairs for those who speak RESP3, else one list. */
export function scored({ owner }: CommandContext, rows: readonly MemberRow[]): Reply[] {
  return owner?.client.protocol === 2 ? flat(rows) : paired(rows)
}
