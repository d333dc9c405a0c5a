import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkDependencies } from './check-dependencies.ts'
import { readApps } from './draft-apps.ts'
import { readPrograms } from './draft-programs.ts'

type Dependencies = readonly string[] | Readonly<Record<string, string>>

function check(programs: Readonly<Record<string, Dependencies | object>>, apps: object = {}): string[] {
  const sections = Object.entries(programs).map(([name, value]) => {
    const isOptions = !Array.isArray(value) && 'dependsOn' in value
    return [name, { command: 'x', ...(isOptions ? value : { dependsOn: value }) }]
  })
  return checkDependencies(readPrograms(Object.fromEntries(sections)), readApps(apps))
}

describe('a dependency', () => {
  it('is a program, of a program or of an application', () => {
    const web = { app: './app.ts', dependsOn: { redis: 'started', migrate: 'completed' } }
    assert.deepEqual(check({ redis: [], migrate: ['redis'], queue: { redis: 'ready' } }, { web }), [])
  })

  it('that is none is named, with what was probably meant', () => {
    const web = { dependsOn: ['redsi', 'api'] }
    assert.deepEqual(check({ redis: [], queue: ['nowhere'] }, { web, api: {} }), [
      'apps.web.dependsOn expected a program, got "redsi", did you mean "redis"?',
      'apps.web.dependsOn expected a program, got "api", which is an application: only programs can be waited for.',
      'programs.queue.dependsOn expected a program, got "nowhere".',
    ])
  })

  it('is not the program itself', () => {
    assert.deepEqual(check({ a: ['a', 'b'], b: [] }), ['programs.a.dependsOn expected another program, got itself.'])
  })

  it('never completes when it is always restarted', () => {
    const programs = { job: { dependsOn: [], restart: 'always' }, a: { job: 'completed' }, b: { job: 'ready' } }
    assert.deepEqual(check(programs, { web: { dependsOn: { job: 'completed' } } }), [
      'apps.web.dependsOn.job expected "started" or "ready", got "completed": with restart "always" job starts again whenever it has ended.',
      'programs.a.dependsOn.job expected "started" or "ready", got "completed": with restart "always" job starts again whenever it has ended.',
    ])
  })
})

describe('a circle of dependencies', () => {
  const circles: readonly (readonly [programs: Record<string, string[]>, circles: readonly string[]])[] = [
    [{ a: ['b'], b: ['a'] }, ['a → b → a']],
    [{ c: ['a'], a: ['b'], b: ['a'] }, ['a → b → a']],
    [{ a: ['b'], b: ['c'], c: ['b'] }, ['b → c → b']],
    [{ a: ['b', 'c'], b: ['a'], c: ['a'] }, ['a → b → a', 'a → c → a']],
    [{ a: ['b'], b: ['a'], c: ['d'], d: ['e'], e: ['c'] }, ['a → b → a', 'c → d → e → c']],
    // A diamond is none.
    [{ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }, []],
  ]
  for (const [programs, expected] of circles) {
    it(`is found in ${JSON.stringify(programs)}, and told once`, () => {
      assert.deepEqual(
        check(programs),
        expected.map(circle => `programs.${circle[0]}.dependsOn expected no circle, got ${circle}.`),
      )
    })
  }

  it('is looked for in no more time than there are dependencies', () => {
    // Each layer depends on all of the next one: 3^200 ways through it.
    const layers = Array.from({ length: 200 }, (_, layer) => ['a', 'b', 'c'].map(letter => `${letter}${layer}`))
    const programs = layers.flatMap((layer, index) => layer.map(name => [name, layers[index + 1] ?? []] as const))
    assert.deepEqual(check(Object.fromEntries(programs)), [])
  })
})
