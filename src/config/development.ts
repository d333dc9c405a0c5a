/** What `saola dev` sets: one worker, no end for one that stands at a breakpoint, no access log unless it is asked for. */
export const development = { workers: 1, timeout: 0, accessLog: false } as const
