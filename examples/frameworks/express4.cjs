// CommonJS, as most Express 4 applications are. Here the package has a second name, because Express 5 is installed, too.
const express = require('express4')

const app = express()

app.get('/', (_request, response) => {
  response.send('Hello from Express 4\n')
})

app.get('/slow', (_request, response) => {
  setTimeout(() => response.send('A slow hello from Express 4\n'), 1_000)
})

module.exports = app
