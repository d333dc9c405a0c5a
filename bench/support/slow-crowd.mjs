// Slow clients, in a process of their own, so that they do not keep those from measuring who measure: `slow-crowd.mjs PORT`. Each
// kind holds its connections for as long as it is let; whoever is cut comes again a while later. Prints how many were cut when
// it is ended.
import net from 'node:net'

// They come and go like people, not in step: otherwise all that is measured is a thousand at the same moment.
const comeAgainMs = 4_000
const trickleMs = 500

const kinds = {
  header: { count: 450, head: 'GET / HTTP/1.1\r\nHost: a\r\n', trickle: 'X-A: b\r\n' },
  body: { count: 450, head: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n', trickle: 'x' },
  read: { count: 100, head: 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n' },
}

const port = Number(process.argv[2])
let cuts = 0

for (const kind of Object.values(kinds)) {
  for (let index = 0; index < kind.count; index++) setTimeout(connect, Math.random() * comeAgainMs, kind)
}
process.on('SIGTERM', () => {
  console.log(`cut ${cuts}`)
  process.exit()
})

function connect(kind) {
  const { head, trickle } = kind
  const socket = net.connect(port, '127.0.0.1')
  socket.write(head)
  if (trickle) socket.resume()
  else socket.pause()
  // Only who writes or reads hears that it was cut.
  const timer = setInterval(() => socket.write(trickle ?? 'x'), trickleMs)
  socket.on('error', () => {})
  socket.on('close', () => {
    clearInterval(timer)
    cuts++
    setTimeout(connect, Math.random() * comeAgainMs, kind)
  })
}
