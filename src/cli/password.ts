import type { Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import { hashPassword } from '../base/password-hash.ts'
import { print } from './terminal.ts'

const lengthMax = 1_024
const keys = { enter: ['\r', '\n', '\x04'], interrupt: '\x03', erase: ['\x7f', '\b'] }

export function define(command: Command): void {
  command
    .addHelpText(
      'after',
      '\nAsks for the password, or reads it from standard input, and prints its hash for edge.access.\n' +
        '\nExamples:\n  saola password\n  printf %s "$PASSWORD" | saola password',
    )
    .action(async () => {
      const password = process.stdin.isTTY ? await askTwice() : await readAll()
      if (password === '') throw new ServerError('ERR_USAGE', 'The password is empty.')
      print(await hashPassword(password))
    })
}

async function readAll(): Promise<string> {
  let text = ''
  process.stdin.setEncoding('utf8')
  for await (const chunk of process.stdin) {
    text += chunk
    if (text.length > lengthMax) throw new ServerError('ERR_USAGE', `The password is longer than ${lengthMax} letters.`)
  }
  return text.replace(/\r?\n$/, '')
}

async function askTwice(): Promise<string> {
  const password = await ask('Password: ')
  if ((await ask('Again: ')) === password) return password
  throw new ServerError('ERR_USAGE', 'The passwords are not the same. Try again.')
}

/** Without showing what is typed. */
function ask(question: string): Promise<string> {
  const { stdin, stderr } = process
  stderr.write(question)
  stdin.setRawMode(true)
  stdin.setEncoding('utf8')
  stdin.resume()
  let text = ''
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
      settle()
    }
    const onData = (typed: string) => {
      for (const letter of typed) {
        if (letter === keys.interrupt) return end(() => reject(new ServerError('ERR_USAGE', 'Interrupted.')))
        if (keys.enter.includes(letter)) return end(() => resolve(text))
        if (keys.erase.includes(letter)) text = [...text].slice(0, -1).join('')
        else if (text.length < lengthMax) text += letter
      }
    }
    stdin.on('data', onData)
  })
}
