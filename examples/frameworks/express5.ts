import { setTimeout as pause } from 'node:timers/promises'
import express from 'express'

const app = express()

app.get('/', (_request, response) => {
  response.send('Hello from Express 5\n')
})

app.get('/slow', async (_request, response) => {
  await pause(1_000)
  response.send('A slow hello from Express 5\n')
})

export default app
