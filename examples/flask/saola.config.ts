import { defineConfig } from 'saola'

/** A Flask application and its Redis, and before them an edge. One command starts all three, in order, and stops them. */
export default defineConfig({
  name: 'flask',
  programs: {
    redis: {
      command: 'redis-server --bind 127.0.0.1 --port 9002 --dir ./data --appendonly yes --save ""',
      ready: { tcp: 9002 },
    },
    todo: {
      command: 'gunicorn -k gevent -w 2 app:app',
      // Saola's socket, which Gunicorn inherits: while it restarts, requests wait in it.
      listen: '127.0.0.1:9001',
      env: { REDIS_URL: 'redis://127.0.0.1:9002' },
      dependsOn: { redis: 'ready' },
      ready: { http: 'http://127.0.0.1:9001/health' },
      // Gunicorn's master ends its workers itself, and lets them finish what they are at.
      stopMode: 'process',
      stopTimeout: '30s',
    },
  },
  apps: {
    web: {
      listen: '127.0.0.1:8000',
      dependsOn: { todo: 'ready' },
      edge: {
        requestId: true,
        static: { '/static': { dir: './static', maxAge: '1m' } },
        // The whole body of a request first: a slow upload keeps no worker of Gunicorn waiting.
        proxy: { '/': { to: 'program:todo', bufferRequest: true } },
      },
    },
  },
})
