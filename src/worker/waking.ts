/** Listens on the main thread for the watch thread, which wakes its loop to look at it. */
export function hearWaking(): void {}
