import { relative } from 'node:path'
import type { Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
import { refuseCertificates } from '../processes/certificates.ts'
import { refuseDashboardFiles } from '../processes/dashboard-files.ts'
import { missingFolders, refuseEdgeFiles } from '../processes/edge-files.ts'
import { idleCaches } from '../processes/idle-caches.ts'
import { refuseLogFiles } from '../processes/log-files.ts'
import { addConfigOptions, type ConfigOptions, loadRequest } from './config-options.ts'
import { print, printJson } from './terminal.ts'

interface CheckOptions extends ConfigOptions {
  readonly json?: boolean
}

export function define(command: Command): void {
  addConfigOptions(command)
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExamples:\n  saola check\n  saola check -c shop.config.ts --json')
    .action(check)
}

async function check(app: string | undefined, options: CheckOptions): Promise<void> {
  try {
    const { config, warnings } = await loadConfig(loadRequest(app, options, 'start'))
    refuseLogFiles(config)
    await refuseCertificates(config)
    refuseDashboardFiles(config)
    await refuseEdgeFiles(config)
    const all = [...warnings, ...idleCaches(config), ...(await missingFolders(config))]
    if (options.json) printJson({ ok: true, file: config.file, problems: [], warnings: all })
    else print(...all.map(warning => `warning: ${warning}`), summaryOf(config))
  } catch (error) {
    if (!options.json || !(error instanceof ServerError)) throw error
    const problems = error.problems.length > 0 ? error.problems : [error.message]
    printJson({ ok: false, file: options.config, problems, warnings: [] })
    process.exitCode = 1
  }
}

function summaryOf({ file, apps, programs, cron, name }: Config): string {
  const entries = Object.keys(cron)
  const parts = [
    ...partOf('serves the application', Object.keys(apps)),
    ...partOf('runs the program', Object.keys(programs)),
    ...(entries.length === 0 ? [] : [`runs ${entries.join(', ')} at certain times`]),
  ]
  const what = parts.length === 0 ? '' : `: ${name} ${parts.join(' and ')}`
  return `${file === undefined ? 'The configuration' : relative(process.cwd(), file)} is right${what}.`
}

function partOf(what: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [`${what}${names.length === 1 ? '' : 's'} ${names.join(', ')}`]
}
