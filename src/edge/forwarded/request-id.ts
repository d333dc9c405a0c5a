import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Letters, digits and a few marks: it goes into logs, and into headers of others. */
const wellFormed = /^[\w.:+/=@-]{1,128}$/

/** A request that has been given an id. */
type IdentifiedRequest = IncomingMessage & { saolaRequestId?: string }

/** Undefined when it is none that may be passed on. */
export function checkedRequestId(text: string | undefined): string | undefined {
  return text !== undefined && wellFormed.test(text) ? text : undefined
}

/** From now on this is the request's id. */
export function identify(req: IncomingMessage, id: string): string {
  ;(req as IdentifiedRequest).saolaRequestId = id
  return id
}

/** The one that came from a trusted proxy (of others canonical/ has removed it), or a new one; of one request always the same. */
export function requestIdOf(req: IncomingMessage): string {
  const known = (req as IdentifiedRequest).saolaRequestId
  if (known !== undefined) return known
  const given = req.headers['x-request-id']
  return identify(req, checkedRequestId(typeof given === 'string' ? given : undefined) ?? randomUUID())
}
