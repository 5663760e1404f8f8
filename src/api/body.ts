/** GitHub sends no larger deliveries. @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
export const MAX_DELIVERY_BYTES = 25 * 1024 * 1024;

/** GitHub gives a delivery ten seconds in all; a body that takes longer than this is not GitHub's. */
const BODY_TIMEOUT_MS = 9_000;

export type BodyRead = { ok: true; bytes: Buffer } | { ok: false; why: 'too_large' | 'too_slow' | 'cut_off' };

/** Reads a body up to a limit that is enforced while reading, whatever Content-Length claims. */
export async function readBody(
  request: Request,
  limit = MAX_DELIVERY_BYTES,
  timeoutMs = BODY_TIMEOUT_MS,
): Promise<BodyRead> {
  const declared = Number(request.headers.get('content-length') ?? 0);
  if (declared > limit) return { ok: false, why: 'too_large' };
  if (!request.body) return { ok: true, bytes: Buffer.alloc(0) };

  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  let tooSlow = false;
  const timer = setTimeout(() => {
    tooSlow = true;
    reader.cancel().catch(() => (tooSlow = true));
  }, timeoutMs);
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (tooSlow) return { ok: false, why: 'too_slow' };
      if (done) return { ok: true, bytes: Buffer.concat(chunks, size) };
      size += value.byteLength;
      if (size > limit) {
        await reader.cancel();
        return { ok: false, why: 'too_large' };
      }
      chunks.push(value);
    }
  } catch {
    // The client went away in the middle; there is nobody to answer, and nothing was accepted.
    return { ok: false, why: tooSlow ? 'too_slow' : 'cut_off' };
  } finally {
    clearTimeout(timer);
  }
}
