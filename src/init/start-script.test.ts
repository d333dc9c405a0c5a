import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startedBy } from './start-script.ts'

const scripts: Readonly<Record<string, readonly [file: string | undefined, ...node: string[]]>> = {
  'node server.js': ['server.js'],
  'node ./bin/www': ['./bin/www'],
  'node .': ['.'],
  'NODE_ENV=production PORT=3000 node dist/server': ['dist/server'],
  'cross-env NODE_ENV=production node index.js --port 80': ['index.js'],
  'npm run build && node --enable-source-maps dist/main.js': ['dist/main.js', '--enable-source-maps'],
  'node -r dotenv/config --max-old-space-size=4096 app.js': [
    'app.js',
    '-r',
    'dotenv/config',
    '--max-old-space-size=4096',
  ],
  'node --env-file .env --import ./otel.mjs src/server.ts': ['src/server.ts', '--import', './otel.mjs'],
  'node --env-file=.env --watch src/server.ts': ['src/server.ts'],
  'node --inspect=0.0.0.0:9229 server.js': ['server.js'],
  'tsx watch src/index.ts': ['src/index.ts', '--import', 'tsx'],
  'npx tsx src/index.ts': ['src/index.ts', '--import', 'tsx'],
  'nodemon --watch src --ext ts server.js': ['server.js'],
  "ts-node -P tsconfig.json 'src/my server.ts'": ['src/my server.ts'],
  'next start': [undefined],
  'vite preview': [undefined],
  'nest start': [undefined],
  'gulp serve': [undefined],
  'node --test': [undefined],
  '': [undefined],
}

describe('a script of package.json', () => {
  for (const [script, [file, ...node]] of Object.entries(scripts)) {
    it(`"${script}" runs ${file ?? 'no file'}`, () => {
      const { args: _, ...started } = startedBy(script) ?? {}
      assert.deepEqual(started, file === undefined ? {} : { file, node })
    })
  }

  it('says what it gives the application, and leaves the shell its own', () => {
    const argsOf = (script: string) => startedBy(script)?.args
    assert.deepEqual(argsOf('node server.js'), [])
    assert.deepEqual(argsOf("node --no-warnings server.js --port 80 'a b'"), ['--port', '80', 'a b'])
    assert.deepEqual(argsOf('node server.js --port 80 | pino-pretty -c'), ['--port', '80'])
    assert.deepEqual(argsOf('node server.js prod 2>&1'), ['prod'])
  })
})
