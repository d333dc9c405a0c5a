import { freePorts } from './free-ports.ts'

/** A port of 127.0.0.1 that nobody has now: for who must know it before it listens. */
export async function freePort(): Promise<number> {
  const [port] = await freePorts(1)
  return port as number
}
