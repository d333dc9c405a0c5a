/** The two horns. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <path d="M7 27C7 17 10 9 16 3M17 27c0-8 3-15 9-21" />
    </svg>
  )
}
