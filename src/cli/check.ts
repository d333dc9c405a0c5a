import { relative } from 'node:path'
import type { Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import type { Config } from '../config/config.ts'
import { loadConfig } from '../config/load.ts'
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
    if (options.json) printJson({ ok: true, file: config.file, problems: [], warnings })
    else print(...warnings.map(warning => `warning: ${warning}`), summaryOf(config))
  } catch (error) {
    if (!options.json || !(error instanceof ServerError)) throw error
    const problems = error.problems.length > 0 ? error.problems : [error.message]
    printJson({ ok: false, file: options.config, problems, warnings: [] })
    process.exitCode = 1
  }
}

function summaryOf({ file, apps, name }: Config): string {
  const names = Object.keys(apps)
  const what = `${name} serves ${names.length === 1 ? 'the application' : 'the applications'} ${names.join(', ')}`
  return `${file === undefined ? 'The configuration' : relative(process.cwd(), file)} is right: ${what}.`
}
