import type { Command } from 'commander'
import { addCaptureOptions, type CaptureOptions, saveCapture } from './capture-file.ts'
import { addTreeOptions } from './tree-options.ts'

export function define(command: Command): void {
  addCaptureOptions(addTreeOptions(command))
    .addHelpText(
      'after',
      '\nWrites down all that is in the memory of a worker. Its main thread stands still meanwhile, some seconds for each\n' +
        'GB, and it needs several times the memory of its heap. The file holds every text in it, passwords, too.\n' +
        '\nExamples:\n  saola heap web:2\n  saola heap store:0 -o store.heapsnapshot',
    )
    .action((target: string, options: CaptureOptions) =>
      saveCapture({
        operation: 'heap',
        target,
        input: { target },
        ending: 'heapsnapshot',
        options,
        begun: pid => `${target} (pid ${pid}) stands still for its heap snapshot …`,
        taken: tookMs =>
          `Its main thread stood still for ${(tookMs / 1_000).toFixed(1)}s. ` +
          'Open it in Chrome DevTools: Memory > Load profile. It holds every text of the heap, passwords, too.',
      }),
    )
}
