import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { StackFrame } from '../ipc/messages.ts'

/** `parseCsv (src/import.ts:41)`: the innermost frame that is the application's own, not Node's. */
export function whereOf(frames: readonly StackFrame[], cwd: string): string | undefined {
  const frame = frames.find(({ url }) => !isForeign(url)) ?? frames[0]
  return frame && describe(frame, cwd)
}

/** The whole stack, a line a frame, as V8 prints it. */
export function stackText(frames: readonly StackFrame[], cwd: string): string {
  return frames.map(frame => `    at ${describe(frame, cwd)}`).join('\n')
}

function isForeign(url: string): boolean {
  return url === '' || url.startsWith('node:') || url.includes('/node_modules/')
}

function describe({ functionName, url, line }: StackFrame, cwd: string): string {
  return `${functionName || '(anonymous)'} (${shortPath(url, cwd)}:${line})`
}

/** A path below the working directory is shown relative to it. */
function shortPath(url: string, cwd: string): string {
  const path = url.startsWith('file:') ? fileURLToPath(url.split('?')[0] ?? url) : url
  const short = relative(cwd, path)
  return path.startsWith('/') && !short.startsWith('..') ? short : path
}
