import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandOf, splitWords } from './words.ts'

test("a command is split as Python's shlex.split does it", () => {
  const cases: readonly [text: string, words: readonly string[]][] = [
    ['gunicorn -w 8  app:app', ['gunicorn', '-w', '8', 'app:app']],
    [`sh -c "a 'b' \\"c\\" \\d" 'e "f" \\g'`, ['sh', '-c', `a 'b' "c" \\d`, 'e "f" \\g']],
    [`--a="b c"'d e'f`, ['--a=b cd ef']],
    ['a\\ b c\\\\d', ['a b', 'c\\d']],
    [`'' ""`, ['', '']],
    ['a\n  b\tc', ['a', 'b', 'c']],
    ['  ', []],
  ]
  for (const [text, words] of cases) assert.deepEqual(splitWords(text), words, text)
})

test('a quotation mark that is not closed is an error with its place', () => {
  assert.throws(() => splitWords(`a "b`), /the quotation mark at character 3 is not closed/)
  assert.throws(() => splitWords(`a 'b"`), /character 3/)
})

test('a command is one text unless something in it needs quotes, or would mean something to Saola', () => {
  const plain = ['redis-server', '--port', '6379', '--dir', './a,b/{env.HOME}', 'w@%h', 'x=y']
  assert.equal(commandOf(plain), plain.join(' '))
  for (const word of ['a b', '', '$HOME', '*.log', '~/x', '#', 'a;b', '"q"', '`x`', '(x)', 'a>b', 'ä']) {
    assert.deepEqual(commandOf(['cmd', word]), ['cmd', word], word)
  }
  // A shell would take it for a variable.
  assert.deepEqual(commandOf(['A=b', 'c']), ['A=b', 'c'])
})
