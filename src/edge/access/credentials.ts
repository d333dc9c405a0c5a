import type { IncomingMessage } from 'node:http'
import { replaceFields } from '../canonical/header-fields.ts'

/** Takes a header away from those that come later, in all forms in which Node has it. */
export function removeRequestHeader(req: IncomingMessage, name: string): void {
  const raw = req.rawHeaders
  replaceFields(
    req,
    raw.filter((_, index) => raw[index & ~1]?.toLowerCase() !== name),
  )
}
