import type { Reply } from '../../resp/reply.ts'
import type { Call, CallOptions } from '../engine.ts'
import type { RedisLink } from './link.ts'

/** What the parts of the engine work with. */
export interface RedisContext {
  readonly link: RedisLink
  /** Runs a call as `Engine.call` does. */
  run(call: Call, options?: CallOptions): Promise<Reply>
  /** Milliseconds that a call may take. */
  readonly timeoutMs: number
}
