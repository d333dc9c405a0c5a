import type net from 'node:net'

type Method = (...args: unknown[]) => unknown

const methods = ['write', 'end'] as const
/** `HTTP/1.1 101` and a little more. */
const headChars = 16

/** Calls `onStatus` with the status of what answers a handshake: whoever does, writes it to the connection as bytes. */
export function watchHandshake(socket: net.Socket, onStatus: (status: number) => void): void {
  // Own properties, until the first bytes have come: from then on it is as if they had never been there.
  const watched = socket as unknown as Partial<Record<(typeof methods)[number], Method>>
  const restores: (() => void)[] = []
  for (const name of methods) {
    const original = watched[name] as Method
    const isOwn = Object.hasOwn(watched, name)
    const watching: Method = function (this: unknown, ...args) {
      for (const restore of restores.splice(0)) restore()
      const status = statusIn(args[0])
      if (status !== undefined) onStatus(status)
      return original.apply(this, args)
    }
    watched[name] = watching
    restores.push(() => {
      // Somebody may have put a method of his own there meanwhile.
      if (watched[name] !== watching) return
      if (isOwn) watched[name] = original
      else delete watched[name]
    })
  }
}

/** Undefined of what does not begin like an answer. */
function statusIn(chunk: unknown): number | undefined {
  if (typeof chunk !== 'string' && !(chunk instanceof Uint8Array)) return undefined
  const start = chunk.slice(0, headChars)
  const text = typeof start === 'string' ? start : Buffer.from(start).toString('latin1')
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1]
  return status === undefined ? undefined : Number(status)
}
