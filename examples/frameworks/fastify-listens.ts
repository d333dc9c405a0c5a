// Listens itself, as in Fastify's own documentation. Under Saola this port is not used: it serves where Saola listens.
import { setTimeout as pause } from 'node:timers/promises'
import { fastify } from 'fastify'

const app = fastify()

app.get('/', async () => 'Hello from Fastify\n')

app.get('/slow', async () => {
  await pause(1_000)
  return 'A slow hello from Fastify\n'
})

await app.listen({ port: 3000 })
