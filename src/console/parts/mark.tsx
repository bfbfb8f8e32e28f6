/** The mark of the product. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" />
      <path d="M8 21V11l8 10V11m4 10 4-10" />
    </svg>
  );
}
