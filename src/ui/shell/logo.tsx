/** The star in its keep. */
export function Logo({ size = 28 }: { size?: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden>
      <path fill="#1c7ed6" d="M16 1 29 6v10c0 8-5.500 13-13 15C8.500 29 3 24 3 16V6z" />
      <path
        fill="#ffe066"
        d="m16 7 2.600 5.700 6.200.7-4.600 4.200 1.300 6.100L16 20.600l-5.500 3.100 1.300-6.100-4.600-4.200 6.200-.7z"
      />
    </svg>
  );
}
