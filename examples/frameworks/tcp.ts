// No HTTP at all: every connection is the service's own business. This one echoes.
import type { Socket } from 'node:net'

export default {
  connection(socket: Socket): void {
    socket.pipe(socket)
  },
}
