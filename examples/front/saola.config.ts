import { defineConfig } from 'saola'

/** No `app`: the edge answers alone, with files and with what the service at port 9000 says. */
export default defineConfig({
  name: 'front',
  apps: {
    web: {
      listen: '127.0.0.1:8443',
      tls: { selfSigned: true, redirect: '127.0.0.1:8080' },
      edge: {
        requestId: true,
        rateLimit: [{ path: '/api/login', methods: ['POST'], rate: '6/m', burst: 3 }],
        redirects: { '/home': '/', '/old/:id': '/api/items/:id' },
        static: { '/': { dir: './public', maxAge: '1m' } },
        proxy: { '/api': { to: 'http://127.0.0.1:9000', stripPrefix: true } },
      },
    },
  },
})
