/** What the scripts of a package.json start: `NODE_ENV=production node --import tsx src/server.ts` runs a file with flags. */

/** What a script runs with Node. */
export interface StartedFile {
  /** As it stands there: an ending may be missing, and `.` is the main file. */
  readonly file: string
  /** Flags of Node that the application needs. */
  readonly node: readonly string[]
  /** What the script gives the application itself: `--port 80`. */
  readonly args: readonly string[]
}

/** Run a file, perhaps translated or again and again: what stands in place of `node`. */
const runners: Readonly<Record<string, readonly string[]>> = {
  node: [],
  nodemon: [],
  'node-dev': [],
  'ts-node': [],
  'ts-node-dev': [],
  tsx: ['--import', 'tsx'],
}

/** Words before a command that only prepare something for it. */
const preparations = new Set(['npx', 'exec', 'env', 'cross-env', 'dotenv', 'dotenvx', 'run', '--', 'dumb-init', 'tini'])

/** Flags that take the next word, too. */
const withValue =
  /^(?:-r|--require|--import|--loader|--experimental-loader|--env-file|--env-file-if-exists|-C|--conditions|-w|--watch|-e|--ext|--exec|-x|-P|--project|--watch-path)$/

/** Of the flags those that the application could not run without; others watch, debug or read variables. */
const kept =
  /^(?:-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--enable-source-maps|--no-|--max-|--stack-|--experimental-|--conditions=|--import=|--require=)/

/** The file that a script runs, or undefined when it does something else, such as `next start`. */
export function startedBy(script: string): StartedFile | undefined {
  // What comes before prepares, as in `npm run build && node dist/server.js`.
  const words = wordsOf(script.split(/&&|;/).at(-1) ?? '')
  const first = words.findIndex(word => !/^\w+=/.test(word) && !preparations.has(word))
  const name = words[first] ?? ''
  const runner = runners[name]
  if (!runner) return undefined
  const node: string[] = [...runner]
  for (let index = first + 1; index < words.length; index++) {
    const word = words[index] ?? ''
    // To Node this one says only that it should watch.
    const hasValue = withValue.test(word) && !(word === '--watch' && (name === 'node' || name === 'tsx'))
    if (/^-/.test(word)) {
      if (kept.test(word)) node.push(word, ...(hasValue ? [words[index + 1] ?? ''] : []))
      if (hasValue) index++
    } else if (word !== 'watch') return { file: word, node, args: argumentsOf(words.slice(index + 1)) }
  }
  return undefined
}

/** As far as they are not for the shell: another command behind a pipe, or a file for the output. */
function argumentsOf(words: readonly string[]): readonly string[] {
  const end = words.findIndex(word => /^(?:\||\d*[<>])/.test(word))
  return end < 0 ? words : words.slice(0, end)
}

function wordsOf(command: string): string[] {
  return [...command.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(([, a, b, c]) => a ?? b ?? c ?? '')
}
