import { type Command, Option } from 'commander'
import { loadConfig } from '../config/load.ts'
import { addConfigOptions, type ConfigOptions, loadRequest } from './config-options.ts'
import { print, printJson } from './terminal.ts'
import { ask } from './tree-options.ts'

interface PrintOptions extends ConfigOptions {
  readonly json?: boolean
  readonly schema?: boolean
  readonly running?: boolean
}

export function define(command: Command): void {
  addConfigOptions(command)
    .addOption(
      new Option('--print', 'every setting with its value and where it comes from (default)').conflicts('json'),
    )
    .option('--json', 'the same values as JSON: durations in milliseconds, sizes in bytes')
    .addOption(
      new Option('--schema', 'the JSON Schema of a configuration file').conflicts(['json', 'print', 'running']),
    )
    .option('--running', 'what the running tree has in force, instead of what a start would have')
    .addHelpText(
      'after',
      '\nExamples:\n  saola config\n  saola config --json --running\n  saola config --schema > saola.schema.json',
    )
    .action(showConfig)
}

async function showConfig(app: string | undefined, options: PrintOptions): Promise<void> {
  if (options.schema) {
    const { configJsonSchema } = await import('../config/reference.ts')
    return printJson(configJsonSchema())
  }
  if (options.running) {
    const { text, values } = await ask(options, 'config', {})
    return options.json ? printJson(values) : printText(text)
  }
  const loaded = await loadConfig(loadRequest(app, options, 'start'))
  for (const warning of loaded.warnings) process.stderr.write(`saola: warning: ${warning}\n`)
  const { printConfig, withoutSecrets } = await import('../config/print.ts')
  if (options.json) return printJson(withoutSecrets(loaded.config))
  printText(printConfig(loaded))
}

function printText(text: string): void {
  print(
    ...text
      .trimEnd()
      .split('\n')
      .map(line => line.trimEnd()),
  )
}
