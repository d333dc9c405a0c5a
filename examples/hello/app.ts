import { createServer } from 'node:http'
import { worker } from 'saola/app'

// A plain Node server: nothing in it knows Saola, except for the name that it shows.
createServer((_request, response) => {
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`Hello from ${worker.name || 'a plain Node process'} (pid ${process.pid})\n`)
}).listen(3000)
