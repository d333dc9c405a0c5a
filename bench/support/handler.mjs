// The same answer from every candidate.
const body = 'Hello World\n'
const headers = { 'content-type': 'text/plain', 'content-length': String(body.length) }

export default function handler(_request, response) {
  response.writeHead(200, headers)
  response.end(body)
}
