import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { planIgnoreFile } from './ignore-file.ts'

const textFor = (current: string | undefined) => planIgnoreFile('.gitignore', current).text

describe('lines of a .gitignore', () => {
  it('are written where there is none, and added behind what is there', () => {
    assert.equal(textFor(undefined), '.saola/\n.env\n.env.local\n')
    assert.equal(textFor('node_modules'), 'node_modules\n.saola/\n.env\n.env.local\n')
    assert.equal(textFor('dist/\r\n.env\r\n'), 'dist/\r\n.env\r\n.saola/\r\n.env.local\r\n')
  })

  it('are not said again', () => {
    for (const current of ['.saola/\n.env\n.env.local\n', '/.saola\n.env*\n', '**/.saola/\n.env\n*.local\n', '.*\n']) {
      const { text, added, has } = planIgnoreFile('.gitignore', current)
      assert.deepEqual([text, added], [current, []])
      assert.match(has ?? '', /^has \.saola\//)
    }
    const again = textFor(textFor('x\n'))
    assert.equal(again, textFor('x\n'))
  })

  it('leave what somebody wants in the repository', () => {
    assert.equal(textFor('!.env\n'), '!.env\n.saola/\n.env.local\n')
  })

  it('look at files where a pattern is about folders, or at a comment, as a .gitignore does', () => {
    assert.equal(textFor('.env/\n#.saola/\n'), '.env/\n#.saola/\n.saola/\n.env\n.env.local\n')
  })
})
