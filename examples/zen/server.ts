/**
 * A TCP service with a protocol of its own: a client sends questions, each of which ends with `?`, and gets an answer to
 * each, which ends with `.`; nothing separates them. As many questions as it likes, on one connection.
 *
 *     Simple is better than?  →  Complex.
 *
 *     npx saola start examples/zen/server.ts -b :1060
 */
import type { Socket } from 'node:net'
import { pipeline } from 'node:stream/promises'

const answers = new Map([
  ['Beautiful is better than?', 'Ugly.'],
  ['Explicit is better than?', 'Implicit.'],
  ['Simple is better than?', 'Complex.'],
])
const unknownAphorism = 'Error: unknown aphorism.'
const tooLong = 'Error: question too long.'

const questionBytesMax = 1024
// From one question to the next, so that one that comes byte by byte does not last for ever.
const questionWaitMs = 60_000

const sockets = new Set<Socket>()

export default {
  connection(socket: Socket): void {
    sockets.add(socket)
    // A client may end its side after the last question, and still wants the answer.
    socket.allowHalfOpen = true
    const timer = setTimeout(() => socket.destroy(), questionWaitMs)
    socket.once('close', () => {
      clearTimeout(timer)
      sockets.delete(socket)
    })
    const answerAll = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
      for await (const answer of answersTo(chunks)) {
        timer.refresh()
        yield answer
      }
    }
    // Reads no faster than the client takes its answers. How a client goes away makes no difference here.
    pipeline(socket, answerAll, socket).catch(() => {})
  },
}

// Whoever serves HTTP leaves this to Saola. When a connection of this protocol is done, only this file can know: at any
// time between two questions, because an answer takes no time.
process.once('SIGTERM', () => {
  for (const socket of sockets) socket.end()
})

async function* answersTo(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun = ''
  for await (const chunk of chunks) {
    const questions = (begun + chunk.toString('latin1')).split('?')
    begun = questions.pop() ?? ''
    // Who types questions into a terminal sends the end of each line, too.
    for (const question of questions) yield answers.get(`${question.trim()}?`) ?? unknownAphorism
    if (begun.length > questionBytesMax) {
      yield tooLong
      return
    }
  }
}
