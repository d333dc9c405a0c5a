// What `http.createServer()` takes.
import type { IncomingMessage, ServerResponse } from 'node:http'

export default (request: IncomingMessage, response: ServerResponse): void => {
  if (request.url === '/slow') setTimeout(() => response.end('A slow hello from a listener\n'), 1_000)
  else response.end('Hello from a listener\n')
}
