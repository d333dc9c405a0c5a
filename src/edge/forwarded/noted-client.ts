import type { IncomingMessage } from 'node:http'

/** A request whose client is another than the other end of its connection. */
type NotedRequest = IncomingMessage & { saolaClientAddress?: string }

/** For those who see the request without the edge: the access log. */
export function noteClient(req: IncomingMessage, address: string): void {
  ;(req as NotedRequest).saolaClientAddress = address
}

/** What a trusted proxy said of the client; undefined when the client is the other end of the connection. */
export function notedClient(req: object): string | undefined {
  return (req as NotedRequest).saolaClientAddress
}
