/**
 * The two texts by which a repository says that it uses Git LFS: pointers in place of files, and attributes that make git read them so.
 * @see https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
 */

/** A Git LFS object, as a pointer names it. */
export interface LfsPointer {
  /** SHA-256 of the content: 64 lower-case hex digits. */
  oid: string;
  /** Bytes. */
  size: number;
}

/** Git LFS itself takes nothing of this length or longer for a pointer. */
export const POINTER_LIMIT_BYTES = 1024;

/** The shortest there can be is 122 bytes long; less than this need not be read. */
export const SHORTEST_POINTER_BYTES = 100;

/** The names of today and of two pre-releases, all of which Git LFS still reads. */
const VERSIONS = ['https://git-lfs.github.com/spec/v1', 'https://hawser.github.com/spec/v1', 'http://git-media.io/v/2'];

/** Extensions describe what was done to the content before it was stored; the object on the server is the one named by `oid`. */
const LINES = new RegExp(
  [
    String.raw`^version (?<version>\S+)\r?\n`,
    String.raw`(?:ext-\d-[\w-]+ sha256:[0-9a-f]{64}\r?\n)*`,
    // The last line break is often eaten by editors, and Git LFS does not insist on it: an object that it would want must be moved.
    String.raw`oid sha256:(?<oid>[0-9a-f]{64})\r?\nsize (?<size>\d{1,15})(?:\r?\n)?$`,
  ].join(''),
);

/** @returns `null` for everything that is not a pointer through and through */
export function parsePointer(content: Buffer): LfsPointer | null {
  if (content.length >= POINTER_LIMIT_BYTES) return null;
  const groups = LINES.exec(content.toString('latin1'))?.groups;
  if (!groups || !VERSIONS.includes(groups['version'] ?? '')) return null;
  return { oid: groups['oid'] ?? '', size: Number(groups['size']) };
}

/**
 * Whether a `.gitattributes` hands any file to Git LFS, be it by a pattern or by a macro.
 * @see https://git-scm.com/docs/gitattributes
 */
export function namesLfs(attributes: string): boolean {
  return attributes.split('\n').some((line) => {
    const [pattern = '', ...rest] = line.trim().split(/\s+/);
    return !pattern.startsWith('#') && rest.includes('filter=lfs');
  });
}
