/** docs/import.md: every setting that can be imported has a word there, and every configuration in it is right. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { test } from 'node:test'
import { configSchema } from '../src/config/schema.ts'
import { gunicornSettings } from '../src/importers/gunicorn/settings.ts'
import { missingKeys, readKeys } from '../src/importers/pm2/app-keys.ts'
import { programKeys } from '../src/importers/supervisor/unread.ts'
import { root } from './support/tree.ts'

const page = readFileSync(join(root, 'docs', 'import.md'), 'utf8')
const [, supervisor = '', pm2 = '', gunicorn = ''] = page.split(/^## /m)

const parts: Readonly<Record<string, readonly [part: string, keys: readonly string[]]>> = {
  supervisord: [supervisor, programKeys],
  PM2: [pm2, [...readKeys, ...Object.keys(missingKeys)]],
  Gunicorn: [gunicorn, Object.keys(gunicornSettings)],
}

for (const [name, [part, keys]] of Object.entries(parts)) {
  test(`the page has each setting of ${name}`, () => {
    assert.ok(part.startsWith(name))
    assert.deepEqual(
      keys.filter(key => !part.includes(`\`${key}\``)),
      [],
    )
  })
}

for (const [index, [, code = '']] of [...page.matchAll(/^```ts\n(.*?)^```$/gms)].entries()) {
  test(`configuration ${index + 1} of the page is right`, () => {
    const body = stripTypeScriptTypes(code)
      .replace(/^import .*$/gm, '')
      .replace('export default defineConfig(', 'return (')
    const config = new Function('env', body)((_name: string, fallback: string) => fallback)
    assert.deepEqual(configSchema.safeParse(config).error?.issues ?? [], [])
  })
}
