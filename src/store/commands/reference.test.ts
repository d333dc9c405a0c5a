import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { differences } from './differences.ts'
import { leftOut } from './left-out.ts'
import { renderCommandReference } from './reference.ts'
import { commands } from './table.ts'

const file = join(import.meta.dirname, '..', '..', '..', 'docs', 'reference', 'commands.md')

describe('the reference of commands', () => {
  it('is up to date', () => {
    assert.equal(readFileSync(file, 'utf8'), renderCommandReference(), 'Run: node scripts/reference.mjs')
  })

  it('says something of every command', () => {
    for (const { name, summary, usage, arity } of commands.values()) {
      assert.match(summary, /^\S.*[.:]$/, name)
      // QUIT takes what is given with it, and does nothing with it.
      const least = typeof arity === 'number' ? Math.abs(arity) : arity[0]
      if (least > 0) assert.notEqual(usage, '', name)
      if (arity === 0) assert.equal(usage, '', name)
    }
  })

  it('names differences only of commands that there are', () => {
    for (const name of Object.keys(differences)) {
      const [word = '', part] = name.split('|')
      const command = commands.get(word)
      assert.ok(part === undefined ? command : command?.subcommands?.some(each => each.name === part), name)
    }
  })

  it('leaves out only what is not there', () => {
    for (const name of leftOut.flatMap(({ names }) => names.split(' '))) assert.ok(!commands.has(name), name)
  })
})
