// Runs as it is under plain `node`, too. Under Saola this port is not used: it serves where Saola listens.
import { createServer } from 'node:http'

const server = createServer((request, response) => {
  if (request.url === '/slow') setTimeout(() => response.end('A slow hello from a script\n'), 1_000)
  else response.end('Hello from a script\n')
})

server.listen(3000, () => console.log('Listening at', server.address()))
