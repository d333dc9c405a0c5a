/** Where this process is; undefined when the folder has been deleted. */
export function currentFolder(): string | undefined {
  try {
    return process.cwd()
  } catch {
    return undefined
  }
}
