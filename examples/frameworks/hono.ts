import { setTimeout as pause } from 'node:timers/promises'
import { Hono } from 'hono'

const app = new Hono()

app.get('/', context => context.text('Hello from Hono\n'))

app.get('/slow', async context => {
  await pause(1_000)
  return context.text('A slow hello from Hono\n')
})

export default app
