import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Command } from 'commander'
import { checkOptions, keysOf, type TaskOptions } from './task-options.ts'
import { define } from './tasks.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'tasks-operations.md'), 'utf8')

/** Reads a command line as `saola` does, and does nothing else. */
async function read(words: readonly string[]): Promise<string> {
  const command = new Command('tasks').exitOverride().configureOutput({ outputError: () => {} })
  define(command)
  let name = ''
  for (const own of command.commands) {
    own.exitOverride().configureOutput({ outputError: () => {} })
    own.action((...all: unknown[]) => {
      checkOptions(all.at(-2) as TaskOptions)
      name = own.name()
    })
  }
  await command.parseAsync(words, { from: 'user' })
  return name
}

test('each example of the documentation is a command line, and every command has one', async () => {
  const lines = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) => block.trim().split('\n'))
  const names = await Promise.all(
    lines.map(line => {
      const words = [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '')
      assert.deepEqual(words.slice(0, 2), ['saola', 'tasks'], line)
      return read(words.slice(2))
    }),
  )
  const commands = new Command()
  define(commands)
  assert.deepEqual(new Set(names), new Set(commands.commands.map(command => command.name())))
})

test('what an option cannot be is refused before anything is opened', async () => {
  const usage = { code: 'ERR_USAGE' }
  await assert.rejects(read(['list', '--state', 'raedy']), {
    ...usage,
    message: /^--state expected one of .*"raedy"\.$/,
  })
  await assert.rejects(read(['list', '--limit', '0']), usage)
  await assert.rejects(read(['list', '--limit', 'all']), /expected a whole number/)
  await assert.rejects(read(['run', 'a', '--delay', 'soon']), { ...usage, message: /^--delay expected a duration/ })
  await assert.rejects(read(['run', 'a', '--delay', '400d']), usage)
  await assert.rejects(read(['run', 'a', '--priority', '10']), usage)
  await assert.rejects(read(['run', 'a', '--key', 'size=1']), { ...usage, message: /got "size=1"\.$/ })
})

test('keys are given by their names', () => {
  assert.deepEqual(keysOf(['unique=a=b', 'concurrency= ']), { unique: 'a=b', concurrency: ' ' })
  assert.throws(() => keysOf(['unique=']), { code: 'ERR_USAGE' })
})
