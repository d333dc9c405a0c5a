import type { Command } from 'commander'
import { ServerError } from '../base/errors.ts'
import { addCaptureOptions, type CaptureOptions, saveCapture } from './capture-file.ts'
import { addTreeOptions } from './tree-options.ts'

interface ProfileOptions extends CaptureOptions {
  readonly seconds: string
}

export function define(command: Command): void {
  addCaptureOptions(addTreeOptions(command))
    .option('-s, --seconds <number>', 'how long it is recorded, up to 600', '10')
    .addHelpText(
      'after',
      '\nRecords where a worker spends its time, also when its event loop is blocked. It goes on serving, a\n' +
        'little slower. Ctrl-C ends it, and nothing is kept.\n' +
        '\nExamples:\n  saola profile web:2\n  saola profile web:2 --seconds 30 -o slow.cpuprofile',
    )
    .action((target: string, options: ProfileOptions) => {
      const seconds = Number(options.seconds)
      if (options.seconds.trim() === '' || Number.isNaN(seconds)) {
        throw new ServerError('ERR_USAGE', `--seconds expected a number, got ${JSON.stringify(options.seconds)}.`)
      }
      return saveCapture({
        operation: 'profile',
        target,
        input: { target, seconds },
        ending: 'cpuprofile',
        options,
        begun: pid => `${target} (pid ${pid}) is recorded for ${seconds}s …`,
        taken: () => 'Open it in Chrome DevTools: Performance > Load profile.',
      })
    })
}
