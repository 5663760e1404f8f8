import { distance } from 'fastest-levenshtein';
import { findMirrors, mirrorNames, type MirrorLine } from '../adapters/postgres/overview.ts';
import type { Queryable } from '../adapters/postgres/database.ts';
import { Refusal } from './refusal.ts';
import { typed } from './wording.ts';

/** Which mirror a person means by `owner/name`, by the name alone, or by the mirror id. */

const SUGGESTIONS = 3;

/** @throws Refusal that names the candidates when there are several, or the nearest names when there is none */
export async function oneMirror(db: Queryable, text: string): Promise<MirrorLine> {
  const found = await someMirrors(db, text);
  const [mirror, ...others] = found;
  if (mirror && others.length === 0) return mirror;
  const lines = found.map(({ fullName, status, mirrorId }) => `  ${fullName}   ${status}   ${mirrorId}`);
  throw new Refusal(`"${text}" may be any of these; name one by owner/name or by its id:\n${lines.join('\n')}`);
}

/** @returns one or more @throws Refusal with the nearest names when there is none */
export async function someMirrors(db: Queryable, text: string): Promise<MirrorLine[]> {
  const found = await findMirrors(db, text);
  if (found.length > 0) return found;
  const near = nearest(text, await mirrorNames(db));
  const advice =
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `\`${typed('list')}\` names everything that is mirrored.`;
  throw new Refusal(`There is no mirror of "${text}". ${advice}`);
}

/** Names at most half of which would have to be typed anew, the nearest first. */
function nearest(text: string, names: string[]): string[] {
  const wanted = text.toLowerCase();
  return names
    .map((name) => {
      const full = name.toLowerCase();
      return { name, far: Math.min(distance(wanted, full), distance(wanted, full.split('/')[1] ?? full)) };
    })
    .filter(({ far }) => far <= Math.max(2, wanted.length / 2))
    .sort((a, b) => a.far - b.far || a.name.localeCompare(b.name))
    .slice(0, SUGGESTIONS)
    .map(({ name }) => name);
}
