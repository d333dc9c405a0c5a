import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

const bin = join(import.meta.dirname, '..', 'bin.ts')
const folder = mkdtempSync(join(tmpdir(), 'saola-cli-'))
after(() => rmSync(folder, { recursive: true }))

function saola(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { cwd: folder, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('an unknown command or option is a usage error, with what was probably meant', () => {
  const cases = [
    [['statsu'], "saola: unknown command 'statsu', did you mean status?   [ERR_USAGE]\n"],
    [['status', '--jsn'], "saola: unknown option '--jsn', did you mean --json?   [ERR_USAGE]\n"],
    [['scale', 'web'], "saola: missing required argument 'number'   [ERR_USAGE]\n"],
  ] as const
  for (const [args, stderr] of cases) assert.deepEqual(saola(...args), { status: 2, stdout: '', stderr })
})

test('a folder that was forgotten is not read from the next option', () => {
  const { status, stderr } = saola('check', '--static', '-w', '1')
  assert.equal(status, 2)
  assert.match(stderr, /--static expected a folder, got "-w"/)
})

test('a value that an option cannot have is a usage error that says what it expects', () => {
  const { status, stderr } = saola('stop', '--timeout', 'soon')
  assert.equal(status, 2)
  assert.match(
    stderr,
    /argument 'soon' is invalid\. expected a duration such as "30s" or "500ms", got "soon"\. {3}\[ERR_USAGE\]/,
  )
})

test('help is the same whichever way it is asked for', () => {
  const help = saola('help', 'scale')
  assert.equal(help.status, 0)
  assert.match(help.stdout, /Usage: saola scale \[options\] <app> <number>[\s\S]*saola scale web \+1/)
  assert.deepEqual(saola('scale', '--help'), help)
  assert.match(saola('--help').stdout, /reload +read the configuration again/)
  assert.match(saola('--version').stdout, /^\d+\.\d+\.\d+\n$/)
})

test('a command that needs a tree says that there is none, and what to do', () => {
  for (const args of [['status'], ['stop'], ['scale', 'web', '-1'], ['logs', '-f'], ['top'], ['config', '--running']]) {
    const { status, stdout, stderr } = saola(...args)
    assert.deepEqual([status, stdout], [1, ''])
    assert.match(stderr, /^saola: No tree runs in .* Start one with "saola start".* {3}\[ERR_NOT_RUNNING\]\n$/)
  }
})

test('nothing is coloured where no terminal is', () => {
  assert.doesNotMatch(saola('--help').stdout + saola('status').stderr, /\x1b/)
})
