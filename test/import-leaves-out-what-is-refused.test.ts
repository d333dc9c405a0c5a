/** What another program takes, and Saola would refuse, is left out with a word, so that `saola check` accepts the rest. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeProject, runSaola } from './support/saola-command.ts'

const conf = `[supervisord]
umask=9
[program:a]
command=sleep 9
stopwaitsecs=99999999999999
stdout_logfile=a.log
stdout_logfile_backups=-1
`

const ecosystem = JSON.stringify({
  apps: [
    {
      name: 'w',
      script: 'w.sh',
      interpreter: 'sh',
      max_restarts: -3,
      stop_exit_codes: [999],
      out_file: '',
      cron_restart: 'nope',
    },
    { name: 'v', script: 'w.sh', interpreter: 'sh', env: { '=x': '1', GOOD: '2' } },
  ],
})

interface Case {
  readonly of: string
  readonly files: Readonly<Record<string, string>>
  readonly refused: readonly string[]
  readonly kept: RegExp
}

const cases: readonly Case[] = [
  {
    of: 'supervisor',
    files: { 'supervisord.conf': conf },
    refused: ['umask', 'programs.a.stopTimeout', 'programs.a.stdout.backups'],
    kept: /file: 'a\.log'/,
  },
  {
    of: 'pm2',
    files: { 'ecosystem.json': ecosystem, 'w.sh': 'sleep 9\n' },
    refused: ['programs.w.startRetries', 'programs.w.successExitCodes', 'cron.restart-w.schedule', 'programs.v.env'],
    kept: /GOOD: '2'/,
  },
]

for (const { of, files, refused, kept } of cases) {
  test(`an import of ${of} leaves out what saola check refuses, and says so`, t => {
    const dir = makeProject(t, { files })
    const { code, stderr } = runSaola(dir, ['import', of])
    assert.equal(code, 0, stderr)
    for (const where of refused) {
      assert.ok(
        stderr.split('\n').some(line => line.startsWith(`saola.config.ts  ${where}`) && line.includes(': left out; ')),
        `${where} in:\n${stderr}`,
      )
    }
    const config = readFileSync(join(dir, 'saola.config.ts'), 'utf8')
    assert.match(config, kept)
    assert.doesNotMatch(config, /stdout: \{ file: '-/)
    const check = runSaola(dir, ['check'])
    assert.equal(check.code, 0, `${check.stderr}\n${config}`)
  })
}
