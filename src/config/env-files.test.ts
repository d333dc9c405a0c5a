import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { readEnvFiles } from './env-files.ts'

let dir = ''

beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'saola-env-')))
})

afterEach(() => rmSync(dir, { recursive: true }))

function read(files?: readonly string[] | false) {
  return readEnvFiles({ cwd: dir, dir, files })
}

function write(name: string, text: string | Buffer): void {
  writeFileSync(join(dir, name), text)
}

describe('files of variables', () => {
  it('are .env and over it .env.local, and neither must be there', () => {
    assert.deepEqual(read(), { values: {}, files: {}, warnings: [] })
    write('.env', 'REGION=eu\nTOKEN=a\n')
    write('.env.local', 'TOKEN=mine\n')
    assert.deepEqual(read(), {
      values: { REGION: 'eu', TOKEN: 'mine' },
      files: { REGION: '.env', TOKEN: '.env.local' },
      warnings: [],
    })
  })

  it('are read as node --env-file reads them', () => {
    const text = [
      '# A comment=1',
      'export EXPORTED=yes',
      'SPACED = a value # with a comment',
      'QUOTED="a # b" # c',
      `SINGLE='$HOME \${HOME}'`,
      'LINES="one\\ntwo"',
      'KEY="-----BEGIN\nabc\n-----END"',
      'EMPTY=',
      'EQUALS=a=b=c',
    ].join('\r\n')
    write('.env', text)
    const { values, warnings } = read()
    assert.deepEqual(warnings, [])
    const script = `console.log(JSON.stringify(Object.fromEntries(${JSON.stringify(Object.keys(values))}.map(k => [k, process.env[k]]))))`
    const args = [`--env-file=${join(dir, '.env')}`, '-e', script]
    const node = spawnSync(process.execPath, args, { encoding: 'utf8', env: {} })
    assert.deepEqual({ ...values }, JSON.parse(node.stdout))
    assert.equal(Object.keys(values).length, 8)
    assert.equal(values.SINGLE, `$HOME \${HOME}`, 'nothing is expanded')
    assert.equal(values.KEY, '-----BEGIN\nabc\n-----END')
  })

  it('may be chosen: in this order, and then no others count', () => {
    write('.env', 'A=1\n')
    write('one.env', 'B=1\nC=1\n')
    write('two.env', 'C=2\n')
    assert.deepEqual(read(['one.env', join(dir, 'two.env')]).values, { B: '1', C: '2' })
    assert.deepEqual(read(false).values, {})
    assert.deepEqual(read([]).values, {})
  })

  it('may begin with a mark of their encoding, and be links', () => {
    write('shared', '\uFEFFA=1\n')
    symlinkSync('shared', join(dir, '.env'))
    assert.deepEqual(read().values, { A: '1' })
  })

  it('are not the folder of this name that Python makes', () => {
    mkdirSync(join(dir, '.env'))
    assert.deepEqual(read().values, {})
  })

  it('say what in them is no variable, without a value', () => {
    write('.env', 'A-1.b=2\ntwo words=geheim\nJSON=\'"{}"\'\nPASSWORD="geheim\n')
    const { values, warnings } = read()
    assert.deepEqual(values, { 'A-1.b': '2', PASSWORD: '"geheim', JSON: '"{}"' })
    assert.deepEqual(warnings, [
      '.env: the value of PASSWORD begins with a quote that is not closed.',
      '.env: "two words" is no name of a variable; the line is left out.',
    ])
  })

  const refusals: Readonly<Record<string, readonly [make: () => void, files: readonly string[] | undefined, RegExp]>> =
    {
      'when one that was named is not there': [() => {}, ['gone.env'], /gone\.env \(there is no such file\)/],
      'when one that was named is a folder': [() => {}, ['.'], /\(it is a folder\)/],
      'when they are long': [() => write('.env', Buffer.alloc(5 * 1024 ** 2, 'A')), undefined, /\.env \(5MB, and 64KB/],
      'when they are many': [
        () => write('.env', Array.from({ length: 1_001 }, (_, index) => `A${index}=1`).join('\n')),
        undefined,
        /more than 1000 variables/,
      ],
      'when they hold a byte of value 0': [
        () => write('.env', Buffer.from('A=1\n', 'utf16le')),
        undefined,
        /\.env \(it has a byte of value 0: is it UTF-16\?/,
      ],
      'when they are a pipe': [
        () => spawnSync('mkfifo', [join(dir, '.env')]),
        undefined,
        /\.env \(it is no regular file, and a reload reads it again\)/,
      ],
    }
  for (const [title, [make, files, message]] of Object.entries(refusals)) {
    it(`are refused ${title}`, () => {
      make()
      assert.throws(() => read(files), { code: 'ERR_ENV_FILE_UNREADABLE', message })
    })
  }
})
