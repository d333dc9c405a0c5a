import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { startWork } from '../../test/support/busy-machine.ts'
import { commandWords, splitCommand } from './command-line.ts'

const alike: readonly string[] = [
  'redis-server --port 6379',
  '  a\t b  ',
  `a 'b c' "d e" f\\ g`,
  `a '' "" b`,
  `a"b"'c'd`,
  `a "it's" 'a "b"' "a \\"b\\" \\\\ \\$X \\x"`,
  `a '\\n $X | & ; < > ( ) * ~ #'`,
  `a "| & ; < > ( ) * ~ #"`,
  'a \\| \\& \\; \\< \\> \\( \\* \\$X \\# \\~ \\\\ \\"',
  'a \\\n  --b \\\n--c=d\\\ne',
  'a b~c d#e x=~y',
  'a {instance} --bind=127.0.0.1:900{instance} {env.HOME} {}',
  'a $ b$ "$ " "a$"',
  'gunicorn -b [::1]:80 "http://x/?y=1"',
  'a b\n',
  '\n a\n\n',
]

describe('a command line', () => {
  for (const line of alike) {
    it(`is split as a shell splits it: ${JSON.stringify(line)}`, () => {
      const script = `for word in ${line.trim()}\ndo printf '%s\\0' "$word"; done`
      const { stdout } = spawnSync('/bin/sh', ['-c', script], { encoding: 'utf8', cwd: '/proc/self/task' })
      assert.deepEqual(splitCommand(line), stdout.split('\0').slice(0, -1))
    })
  }

  const refused: readonly (readonly [line: string, problem: string])[] = [
    ['', 'expected a command, got none'],
    [' \n', 'expected a command, got none'],
    [`'' a`, 'expected a command, got none'],
    [`a 'b`, `expected a second ' for the one at character 3, got none`],
    [`a "b 'c'`, 'expected a second " for the one at character 3, got none'],
    [`a "b\\"`, 'expected a second " for the one at character 3, got none'],
    ['a \\', 'expected a character behind the last \\, got none'],
    ['FOO=bar a', 'expected a command, got the variable FOO: put it into env'],
    ['  PORT=80 a', 'expected a command, got the variable PORT: put it into env'],
    [
      'a\nb',
      'expected a command of one line, got a second one at character 2: end the first with \\, or set shell: true',
    ],
    ...(
      [
        ['a | b', '"|" at character 3'],
        ['a&& b', '"&" at character 2'],
        ['a ; b', '";" at character 3'],
        ['a 2>b', '">" at character 4'],
        ['a <b', '"<" at character 3'],
        ['(a)', '"(" at character 1'],
        ['a $HOME/x', '"$HOME" at character 3'],
        ['a --x=${X:-y}', '"${X:-y}" at character 7'],
        ['a $(date)', '"$(" at character 3'],
        ['a $1', '"$1" at character 3'],
        [`a $'b'`, `"$'" at character 3`],
        ['a `date`', '"`" at character 3'],
        ['a *.js', '"*" at character 3'],
        ['a ~/x', '"~" at character 3'],
        ['a # b', '"#" at character 3'],
      ] as const
    ).map(
      ([line, found]) =>
        [line, `expected a command that needs no shell, got ${found}: put it in quotes, or set shell: true`] as const,
    ),
    [
      'a "$HOME"',
      'expected a command that needs no shell, got "$HOME" at character 4: put it in single quotes, or set shell: true',
    ],
    [
      'a "`date`"',
      'expected a command that needs no shell, got "`" at character 4: put it in single quotes, or set shell: true',
    ],
  ]
  for (const [line, problem] of refused) {
    it(`says what is wrong with ${JSON.stringify(line)}`, () => {
      assert.throws(() => splitCommand(line), { code: 'ERR_CONFIG_INVALID', message: problem })
    })
  }

  it('may be told where else a shell is to be had', () => {
    assert.throws(() => splitCommand('a | b', 'begin it with sh -c'), /put it in quotes, or begin it with sh -c$/)
  })

  it('takes no longer for a longer line than that is longer', () => {
    const line = `a ${'b\\ '.repeat(50_000)}${' '.repeat(50_000)}${'\\'.repeat(50_000)}`
    const workMs = startWork()
    assert.equal(splitCommand(line).length, 3)
    assert.ok(workMs() < 2_000)
  })
})

describe('the words of a command', () => {
  it('are those of its list, of its text, or those that give it to a shell', () => {
    assert.deepEqual(commandWords({ command: ['a', '', '$X | b'] }), ['a', '', '$X | b'])
    assert.deepEqual(commandWords({ command: 'a "b c"' }), ['a', 'b c'])
    assert.deepEqual(commandWords({ command: 'a | b', shell: true }), ['/bin/sh', '-c', 'a | b'])
  })

  it('must be one text for a shell, and name something', () => {
    assert.throws(() => commandWords({ command: ['a', 'b'], shell: true }), /expected one text for the shell/)
    assert.throws(() => commandWords({ command: ['', 'b'] }), /expected a command, got ""/)
  })
})
