/**
 * Waits until `holds` says yes; for what has no event of its own.
 * @param everyMs more than the default of 20 ms where asking is dear
 * @throws Error after `timeoutMs` (default 20 s)
 */
export async function eventually(
  holds: () => boolean | Promise<boolean>,
  timeoutMs = 20_000,
  everyMs = 20,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs / 1000} s: ${holds.toString()}`);
    await new Promise((wake) => setTimeout(wake, everyMs));
  }
}
