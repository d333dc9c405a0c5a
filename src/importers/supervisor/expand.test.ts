import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { test } from 'node:test'
import { expand, formatted, type Scope } from './expand.ts'
import { withInstance } from './instances.ts'

const scope: Scope = {
  values: new Map([
    ['program_name', 'web'],
    ['numprocs', '4'],
  ]),
  variables: new Map([['LANG', ['C.UTF-8']]]),
  folder: '/srv',
  hasInstance: true,
}

test('what stands between % and its letter is replaced as Python does it', () => {
  const cases: readonly [value: string, text: readonly unknown[]][] = [
    ['plain', ['plain']],
    ['100%%', ['100%']],
    ['%(program_name)s-%(numprocs)02d', ['web-04']],
    ['%(here)s/run', [{ kind: 'folder', path: '/srv' }, '/run']],
    ['%(ENV_HOME)s/x', [{ kind: 'env', name: 'HOME' }, '/x']],
    ['%(ENV_LANG)s', ['C.UTF-8']],
    ['p%(process_num)d', ['p', { kind: 'instance', format: 'd' }]],
    ['%(host_node_name)s', [hostname()]],
  ]
  for (const [value, text] of cases) assert.deepEqual(expand(value, scope), { text, problems: [] }, value)
})

test('what Python would stumble over is named, and stays', () => {
  const cases: readonly [value: string, problem: string][] = [
    ['a%', '"%" is no %(name)s: a lone % is written %%'],
    ['50% of', '"% " is no %(name)s: a lone % is written %%'],
    ['%(nonsense)s', 'supervisord knows no %(nonsense)s here'],
    ['%(here)q', '"%(" is no %(name)s: a lone % is written %%'],
  ]
  for (const [value, problem] of cases) {
    const { text, problems } = expand(value, scope)
    assert.deepEqual(problems, [problem])
    assert.equal(text.join(''), value)
  }
})

test('numbers are padded as a format says', () => {
  assert.deepEqual(
    ['d', '02d', '3d', '-3d', 's', '03d'].map(format => formatted('7', format)),
    ['7', '07', '  7', '7  ', '7', '007'],
  )
})

test("supervisord's numbers are Saola's where they differ by what stands before them alone", () => {
  const numbered = (format: string, start: number, count: number) =>
    withInstance(['w', { kind: 'instance', format }], { start, count })?.map(part =>
      typeof part === 'string' ? part : '{instance}',
    )
  assert.equal(numbered('d', 0, 4)?.join(''), 'w{instance}')
  assert.equal(numbered('02d', 0, 10)?.join(''), 'w0{instance}')
  assert.equal(numbered('d', 8000, 10)?.join(''), 'w800{instance}')
  assert.equal(numbered('03d', 20, 2)?.join(''), 'w02{instance}')
  // One process has one number.
  assert.equal(numbered('02d', 5, 1)?.join(''), 'w05')
  assert.equal(numbered('02d', 0, 11), undefined)
  assert.equal(numbered('d', 1, 2), undefined)
})
