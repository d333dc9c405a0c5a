import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { planPackage } from './package-file.ts'
import { readProject } from './project.ts'

function plan(t: TestContext, text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'saola-package-'))
  t.after(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'package.json'), text)
  return planPackage(readProject(folder), '0.1.0')
}

describe('package.json', () => {
  it('gets scripts and the dependency, and keeps its form', t => {
    const planned = plan(t, '{\n\t"name": "shop",\n\t"files": ["a", "b"]\n}')
    assert.equal(
      planned?.file.text,
      '{\n\t"name": "shop",\n\t"files": ["a", "b"],\n\t"scripts": {\n\t\t"start": "saola start",\n\t\t"dev": "saola dev"\n\t},' +
        '\n\t"dependencies": {\n\t\t"saola": "^0.1.0"\n\t}\n}',
    )
    assert.deepEqual(planned?.notes, [])
  })

  it('keeps scripts that do something else, and says what ours are called', t => {
    const planned = plan(
      t,
      '{ "scripts": { "start": "node a.js", "dev": "nodemon" }, "dependencies": { "saola": "*" } }',
    )
    assert.deepEqual(JSON.parse(planned?.file.text ?? '').scripts, {
      start: 'node a.js',
      dev: 'nodemon',
      'saola:start': 'saola start',
      'saola:dev': 'saola dev',
    })
    assert.deepEqual(planned?.notes, [
      'scripts.start does something else and stays; "npm run saola:start" runs Saola.',
      'scripts.dev does something else and stays; "npm run saola:dev" runs Saola.',
    ])
  })

  it('that has all of it is left alone', t => {
    const text = '{"scripts":{"serve":"saola start -w 2","dev":"saola dev"},"dependencies":{"saola":"^0.1.0"}}'
    assert.deepEqual([plan(t, text)?.file.text, plan(t, text)?.file.added], [text, []])
    const again = plan(t, '{}\n')?.file.text ?? ''
    assert.equal(plan(t, again)?.file.text, again)
  })

  it('with saola only for development is told about', t => {
    const planned = plan(t, '{"devDependencies":{"saola":"^0.1.0"}}')
    assert.match(planned?.notes.join() ?? '', /saola is in devDependencies/)
    assert.doesNotMatch(planned?.file.text ?? '', /"dependencies"/)
  })

  it('that is no JSON, or no object, ends the command', t => {
    assert.throws(() => plan(t, '{ "name": '), { code: 'ERR_USAGE', message: /package\.json is no JSON/ })
    assert.throws(() => plan(t, '[]'), { code: 'ERR_USAGE', message: /expected an object/ })
  })

  it('with scripts that are no object is written anew rather than broken', t => {
    const text = plan(t, '{ "scripts": "none" }')?.file.text ?? ''
    assert.equal(JSON.parse(text).scripts.start, 'saola start')
  })
})
