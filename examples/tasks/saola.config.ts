import { defineConfig } from 'saola'

/** A web application, and the processes that run what it enqueues: every task of ./tasks. */
export default defineConfig({
  name: 'tasks',
  apps: { web: { app: './server.ts', listen: '127.0.0.1:8000', edge: { requestId: true } } },
  tasks: { dir: './tasks' },
})
