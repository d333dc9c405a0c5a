import { createServer } from 'node:http'

// Any service that speaks HTTP, in whatever language. This one says what it was asked for, and who asked.
const server = createServer(async (request, response) => {
  let bodyBytes = 0
  for await (const piece of request) bodyBytes += piece.length
  const { host, 'x-forwarded-for': client, 'x-forwarded-proto': scheme, 'x-request-id': id } = request.headers
  response.setHeader('Content-Type', 'application/json')
  response.end(`${JSON.stringify({ method: request.method, url: request.url, bodyBytes, host, client, scheme, id })}\n`)
})
server.listen(Number(process.env.PORT ?? 9000), '127.0.0.1', () => console.log('The service:', server.address()))
