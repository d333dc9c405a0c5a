const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `[21/Nov/2026:01:20:14 +0000]` in local time, made once a second. `wallMs` says milliseconds since 1970. */
export function clfTime(wallMs: () => number): () => string {
  let second = Number.NaN
  let text = ''
  return () => {
    const now = Math.floor(wallMs() / 1000)
    if (now !== second) {
      second = now
      text = formatClf(new Date(now * 1000))
    }
    return text
  }
}

/** ISO 8601 in UTC with milliseconds; all but the milliseconds is made once a second. */
export function isoTime(wallMs: () => number): () => string {
  let second = Number.NaN
  let head = ''
  return () => {
    const now = Math.floor(wallMs())
    const ms = now % 1000
    if (now - ms !== second) {
      second = now - ms
      head = new Date(second).toISOString().slice(0, 20)
    }
    return `${head}${ms < 10 ? '00' : ms < 100 ? '0' : ''}${ms}Z`
  }
}

function formatClf(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${two(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  const east = -date.getTimezoneOffset()
  const zone = `${east < 0 ? '-' : '+'}${two(Math.floor(Math.abs(east) / 60))}${two(Math.abs(east) % 60)}`
  return `[${day}:${time} ${zone}]`
}
