import { describe, expect, it } from 'vitest';
import { namesLfs, parsePointer } from '../../../src/adapters/git/lfs-pointer.ts';

const OID = '4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393';
const VERSION = 'version https://git-lfs.github.com/spec/v1\n';
const POINTER = `${VERSION}oid sha256:${OID}\nsize 12345\n`;
const found = { oid: OID, size: 12345 };

describe('a pointer', () => {
  it.each([
    ['as Git LFS writes it', POINTER, found],
    ['of an extension', `${VERSION}ext-0-foo sha256:${OID}\noid sha256:${OID}\nsize 12345\n`, found],
    ['of a pre-release', POINTER.replace('git-lfs.github.com', 'hawser.github.com'), found],
    ['whose last line break an editor took', POINTER.trimEnd(), found],
    ['with the line breaks of Windows', POINTER.replaceAll('\n', '\r\n'), found],
    ['of an empty file', POINTER.replace('12345', '0'), { oid: OID, size: 0 }],
    ['with more text behind it', `${POINTER}more\n`, null],
    ['with an empty line behind it', `${POINTER}\n`, null],
    ['of another version', POINTER.replace('/v1', '/v9'), null],
    ['of another hash', POINTER.replace('sha256', 'sha512'), null],
    ['with a short oid', POINTER.replace(OID, OID.slice(1)), null],
    ['with upper-case digits', POINTER.replace(OID, OID.toUpperCase()), null],
    ['without a size', `${VERSION}oid sha256:${OID}\n`, null],
    ['with a negative size', POINTER.replace('12345', '-1'), null],
    ['with a size beyond all measure', POINTER.replace('12345', '9'.repeat(16)), null],
    ['in another order', `oid sha256:${OID}\n${VERSION}size 12345\n`, null],
    ['with unknown lines', POINTER.replace('size', 'mood good\nsize'), null],
    ['too long to be one', POINTER.replace('size 12345\n', '').padEnd(1100, 'x'), null],
    ['empty', '', null],
  ])('%s', (_, text, expected) => {
    const pointer = parsePointer(Buffer.from(text));

    expect(pointer).toEqual(expected);
  });
});

describe('attributes hand files to Git LFS', () => {
  it.each([
    ['by a pattern', '*.psd filter=lfs diff=lfs merge=lfs -text', true],
    ['by a pattern with spaces', '"a b.psd" filter=lfs', true],
    ['by a macro', '[attr]big filter=lfs', true],
    ['somewhere in the file', '* text=auto\r\n\r\n*.bin\tfilter=lfs\r\n', true],
    ['not in a comment', '# *.psd filter=lfs', false],
    ['not where it is taken back', '*.psd -filter !filter', false],
    ['not where the filter is another', '*.psd filter=lfsx diff=lfs', false],
    ['not by a file of that name', 'filter=lfs text', false],
  ])('%s', (_, text, expected) => {
    const names = namesLfs(text);

    expect(names).toBe(expected);
  });
});
