import { setTimeout as pause } from 'node:timers/promises'
import { fastify } from 'fastify'

const app = fastify()

app.get('/', async () => 'Hello from Fastify\n')

app.get('/slow', async () => {
  await pause(1_000)
  return 'A slow hello from Fastify\n'
})

export default app
