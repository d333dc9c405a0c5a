/**
 * The order of calls. Those of one lane keep it: all of a server, those of a slot in a cluster. What cannot be sent yet waits
 * in its lane, and all behind it.
 *
 * A script that goes by its digest is refused (NOSCRIPT) when somebody has emptied the cache of scripts; what was sent behind it
 * must then be refused, too, or it would be carried out before it. Scripts are, and so plain commands go as one while scripts
 * are under way (`guarded`). When one is refused its lane is held until all that is under way was answered; then those that were
 * refused go once more, before all that was called since. What remains: another process that loads the very script just
 * between two parts of what was sent.
 */
import { commands, keysOf } from '../../commands/table.ts'
import { bytesOf } from '../local-reader.ts'
import type { LoadedScript } from './loaded-scripts.ts'
import type { Pending } from './pending.ts'
import { type ScriptCall, scriptOf } from './scripts.ts'
import type { Sendable } from './wire.ts'

// Lua hands no more than some thousands of arguments to a function.
const wordsMax = 4_000
/** They concern all keys. */
const ofAllKeys = new Set(['publish', 'ping'])

interface UnderWay {
  calls: number
  /** Scripts that go by their digest. */
  digests: number
  /** When the one of them was last seen that was not seen for the longest time. */
  seenAt: number
  /** Nothing more is sent until it is empty. */
  isHeld: boolean
}

export class Lanes {
  readonly #waiting = new Map<number, Pending[]>()
  readonly #underWay = new Map<number, UnderWay>()

  /** Whether a new call must wait. */
  isHeld(lane: number): boolean {
    return this.#waiting.has(lane) || this.#underWay.get(lane)?.isHeld === true
  }

  /** Whether what is under way could still be refused. */
  hasDigests(lane: number): boolean {
    const underWay = this.#underWay.get(lane)
    return underWay !== undefined && underWay.digests > 0
  }

  /** Whether a script is surely refused when one that is under way is; undefined stands for its text, which never is. */
  isRefusedWith(lane: number, script: LoadedScript | undefined): boolean {
    return script !== undefined && script.broughtAt <= (this.#underWay.get(lane)?.seenAt ?? Infinity)
  }

  /** Lets a call wait in its place: before those that were called after it. */
  wait(pending: Pending): void {
    const lane = this.#waiting.get(pending.lane)
    if (!lane) {
      this.#waiting.set(pending.lane, [pending])
      return
    }
    const before = lane.findLastIndex(other => other.number < pending.number)
    lane.splice(before + 1, 0, pending)
  }

  /** As `wait`, until all that is under way in its lane was answered. */
  hold(pending: Pending): void {
    const underWay = this.#underWay.get(pending.lane)
    if (underWay) underWay.isHeld = true
    this.wait(pending)
  }

  /** All that wait; nobody waits any more. */
  takeAll(): Pending[] {
    if (this.#waiting.size === 0) return []
    const all = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    return all
  }

  /** A call was sent; with the script that went by its digest. */
  begin(lane: number, digest: LoadedScript | undefined): void {
    let underWay = this.#underWay.get(lane)
    if (!underWay) {
      underWay = { calls: 0, digests: 0, seenAt: Infinity, isHeld: false }
      this.#underWay.set(lane, underWay)
    }
    underWay.calls++
    if (!digest) return
    underWay.digests++
    underWay.seenAt = Math.min(underWay.seenAt, digest.seenAt)
  }

  /** It was answered, or its connection is lost. Whether that lets others go on. */
  end(lane: number, isDigest: boolean): boolean {
    const underWay = this.#underWay.get(lane)
    if (!underWay) return false
    underWay.calls--
    if (isDigest && --underWay.digests === 0) underWay.seenAt = Infinity
    if (underWay.calls > 0) return false
    const { isHeld } = underWay
    underWay.isHeld = false
    // In a cluster there are thousands of lanes.
    if (lane >= 0) this.#underWay.delete(lane)
    return isHeld
  }
}

/** How a call goes behind scripts that could be refused; undefined when it may go before them, or is a script itself. */
export function guarded(sendable: Sendable, isCluster: boolean): ScriptCall | 'too long' | undefined {
  if (!('call' in sendable)) return undefined
  const { call } = sendable
  const [name, ...args] = call
  const command = commands.get(name)
  const script = scriptOf('saola.call')
  if (!script || !command || !(command.keys || ofAllKeys.has(name))) return undefined
  if (call.length > wordsMax) return 'too long'
  // One server needs not know them.
  const keys = isCluster ? keysOf(command, args.map(bytesOf)) : []
  return { script, keys, args: call }
}
