// A server that is not listening yet: any net.Server, so https and http2 ones, too.
import { createServer } from 'node:http'

export default createServer((request, response) => {
  if (request.url === '/slow') setTimeout(() => response.end('A slow hello from a server\n'), 1_000)
  else response.end('Hello from a server\n')
})
