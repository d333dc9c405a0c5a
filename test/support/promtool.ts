import { spawnSync } from 'node:child_process'

/** What promtool says to an input, and to a file if it is given one: nothing when all is right. */
export function promtool(args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync('promtool', args, { input, encoding: 'utf8', timeout: 30_000 })
  if (error) throw error
  const said = `${stdout}${stderr}`.trim()
  return status === 0 ? said : `exited with ${status}: ${said}`
}
