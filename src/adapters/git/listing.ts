import { Failure } from '../../domain/failures.ts';
import type { Oid, Ref, RefListing } from '../../domain/model.ts';
import { ARCHIVE_NAMESPACE, isMirrored } from '../../domain/refs.ts';

/** What git names when it lists: enough for heads, tags, HEAD, and the tips we archived. */
export const LISTED_PATTERNS = ['HEAD', 'refs/heads/*', 'refs/tags/*', `${ARCHIVE_NAMESPACE}*`];

const SHA256_LENGTH = 64;

/**
 * Reads the output of `git ls-remote --symref`. Patterns of ls-remote match the end of a name, so that refs of other namespaces may
 * be among the lines; they are left out.
 * @throws Failure `ObjectFormatUnsupported` for a SHA-256 repository; `TransferFailed` for lines that are no listing
 */
export function parseListing(output: string): RefListing {
  const refs = new Map<string, Ref>();
  let head: string | null = null;
  for (const line of linesOf(output)) {
    const [what = '', name = ''] = line.split('\t');
    if (what.startsWith('ref: ')) {
      if (name === 'HEAD' && what.startsWith('ref: refs/heads/')) head = what.slice('ref: '.length);
      continue;
    }
    const oid = oidOf(what, line);
    if (name.endsWith('^{}')) {
      const tag = refs.get(name.slice(0, -'^{}'.length));
      if (tag) tag.peeled = oid;
    } else if (isMirrored(name) || name.startsWith(ARCHIVE_NAMESPACE)) {
      refs.set(name, { name, oid });
    }
  }
  return { refs: [...refs.values()], head };
}

/** For {@link parseLocalRefs}. */
export const LOCAL_FORMAT = '%(objectname) %(objecttype) %(refname)';

/** Reads `git for-each-ref` in {@link LOCAL_FORMAT}. @returns heads and tags with the type of the object they name directly */
export function parseLocalRefs(output: string): { name: string; oid: Oid; type: string }[] {
  return linesOf(output).map((line) => {
    const [oid = '', type = '', ...name] = line.split(' ');
    return { oid: oidOf(oid, line), type, name: name.join(' ') };
  });
}

/**
 * Reads `git cat-file --batch-check`, one answer per question and in their order.
 * @returns `null` where the object is not there
 */
export function parseObjects(output: string): ({ oid: Oid; type: string } | null)[] {
  return linesOf(output).map((line) => {
    const [oid = '', type = ''] = line.split(' ');
    return /^(?:commit|tree|blob|tag)$/.test(type) ? { oid, type } : null;
  });
}

/** No file system of a target can hold a longer one, and a command of a push has to fit into one packet. */
const MAX_NAME_BYTES = 4096;

/** @see https://git-scm.com/docs/git-check-ref-format, for full names */
const NO_REF_NAME = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[./]$/;

/**
 * Why a ref cannot be named to the other side; `null` when it can. A name that is not UTF-8 was read with replacement characters, and the argument
 * we would pass is another name. One that git itself allows nobody comes from a source that is broken or means harm: a NUL in it would end the name and begin
 * the capabilities of a push.
 */
export function whyUnnameable(name: string): string | null {
  if (name.includes('\ufffd')) return 'its name is not valid UTF-8';
  if (Buffer.byteLength(name) > MAX_NAME_BYTES) return `its name is longer than ${MAX_NAME_BYTES} bytes`;
  return NO_REF_NAME.test(name) ? 'git allows no such name' : null;
}

export function isNameable(name: string): boolean {
  return whyUnnameable(name) === null;
}

function linesOf(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}

/** @throws Failure `ObjectFormatUnsupported` for a SHA-256 id · `TransferFailed` for what is no id */
export function oidOf(text: string, line: string): Oid {
  if (/^[0-9a-f]{40}$/.test(text)) return text;
  if (text.length === SHA256_LENGTH) {
    throw new Failure('ObjectFormatUnsupported', 'The repository uses SHA-256 object ids.');
  }
  throw new Failure('TransferFailed', `git listed a ref in a form this version does not know: ${line.slice(0, 200)}`);
}
