import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Screen } from './screen.ts'

/** A terminal that this process seems to have, and what is written to it. */
function openScreen(t: TestContext): { screen: Screen; take(): string } {
  const { stdin, stdout } = process
  const before = { isTTY: stdin.isTTY, setRawMode: stdin.setRawMode }
  Object.assign(stdin, { isTTY: true, setRawMode: () => stdin })
  let written = ''
  t.mock.method(stdout, 'write', (text: string) => {
    written += text
    return true
  })
  const screen = new Screen()
  t.after(() => {
    screen.close()
    Object.assign(stdin, before)
  })
  const take = () => {
    const text = written
    written = ''
    return text
  }
  return { screen, take }
}

test('only rows that have changed are written', t => {
  const { screen, take } = openScreen(t)
  screen.draw(['one', 'two'])
  take()
  screen.draw(['one', 'three'])
  assert.equal(take(), '\x1b[2;1H\x1b[2Kthree')
  screen.draw(['one', 'three'])
  assert.equal(take(), '')
})

for (const [what, happen] of [
  ['Ctrl-L', () => process.stdin.emit('data', '\x0c')],
  ['a process that goes on after a stop', () => process.emit('SIGCONT', 'SIGCONT')],
  ['a terminal of another size', () => process.stdout.emit('resize')],
] as const) {
  test(`${what} is shown all rows again, at once`, async t => {
    const { screen, take } = openScreen(t)
    screen.draw(['one', 'two'])
    take()
    const key = screen.nextKey(60_000)
    happen()
    assert.equal(await key, undefined)
    screen.draw(['one', 'two'])
    assert.match(take(), /\x1b\[2J.*one.*two$/s)
  })
}
