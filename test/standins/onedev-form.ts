/**
 * How OneDev's receive hooks lose ref names. The hook sends git's standard input through `curl -d @-`: newlines go, nothing is encoded.
 * The server parses that as a form, takes the last parameter name with a space in it, and reads the ref updates from its end.
 * @see OneDev 16.5.6 `git-receive-hook`, `GitPreReceiveCallback`, `GitPostReceiveCallback`
 */

export interface PushedRef {
  name: string;
  oldId: string;
  newId: string;
}

export const NO_OBJECT = '0'.repeat(40);

/** Jetty reads no form larger than this. */
const MAX_FORM_BYTES = 5_000_000;

/**
 * @param lines git's `<old> <new> <ref>` lines
 * @returns the updates OneDev sees, last one first; with `=` in a name, fewer than there are
 * @throws Error when OneDev's parsing would throw: `+`, a `%` that is no escape, a `&` before the last ref, too many refs
 */
export function refsSeenByOnedev(lines: string): PushedRef[] {
  const form = lines.replace(/[\r\n\0]/g, '');
  if (Buffer.byteLength(form) > MAX_FORM_BYTES) throw new Error('Form too large');
  const names = form.split('&').map((parameter) => decode(parameter.split('=')[0] ?? ''));
  const fields = (names.findLast((name) => name.includes(' ')) ?? '').split(' ').filter(Boolean);
  return fromTheEnd(fields);
}

/** Without newlines, a ref name and the next line's old id are one word: the id is its last 40 characters. */
function fromTheEnd(fields: string[]): PushedRef[] {
  const seen: PushedRef[] = [];
  for (let name = fields.pop(); name !== undefined;) {
    const newId = objectId(fields.pop());
    const word = fields.pop();
    seen.push({ name, newId, oldId: objectId(word?.slice(-40)) });
    name = word?.slice(0, -40) || undefined;
  }
  if (seen.length === 0) throw new Error('No ref updates');
  return seen;
}

function decode(text: string): string {
  if (/%(?![0-9a-f]{2})/i.test(text)) throw new Error('Not an escape');
  const bytes = text.replaceAll('+', ' ').replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    return Buffer.from(run.replaceAll('%', ''), 'hex').toString();
  });
  return bytes;
}

function objectId(word: string | undefined): string {
  if (!/^[0-9a-f]{40}$/.test(word ?? '')) throw new Error('Not an object id');
  return word as string;
}
