/** The project's sign: a lesion in a dermoscope's circle. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <circle cx="16" cy="16" r="13" fill="none" stroke="currentColor" stroke-width="2.5" />
      <path
        d="M11 13.5c1.6-3.4 6.2-4.6 9.2-2.4 2.9 2.2 3.4 5.6 1.6 8.3-1.9 2.9-5.6 3.9-8.7 2.2-2.9-1.6-3.6-5-2.1-8.1Z"
        fill="currentColor"
      />
    </svg>
  );
}
