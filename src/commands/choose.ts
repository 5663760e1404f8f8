import { distance } from 'fastest-levenshtein';
import { answerOf, ApiProblem, type Client, type Schemas } from '../client/client.ts';
import type { Config } from '../config.ts';
import { withApi } from './access.ts';
import { EXIT } from './exit-codes.ts';
import { PAGE } from './pages.ts';
import { Refusal } from './refusal.ts';
import { typed } from './wording.ts';

/** Which mirror a person means by `owner/name`, by the name alone, or by the mirror id. */

const SUGGESTIONS = 3;

/** Names that are compared with what was typed; those that come after them are not suggested. */
const NAMES_COMPARED = 100_000;

/** @throws Refusal that names the candidates when there are several, or the nearest names when there is none */
export async function oneMirror(api: Client, text: string): Promise<Schemas['Mirror']> {
  const found = await someMirrors(api, text);
  const [mirror, ...others] = found;
  if (mirror && others.length === 0) return mirror;
  const lines = found.map(({ fullName, status, mirrorId }) => `  ${fullName}   ${status}   ${mirrorId}`);
  throw new Refusal(
    `"${text}" may be any of these; name one by owner/name or by its id:\n${lines.join('\n')}`,
    EXIT.usage,
  );
}

/** Of everything that is mirrored, in the order of names: for completion. */
export async function mirrorNames(config: Config): Promise<string[]> {
  const { names } = await withApi(config, (api) => answerOf(api.GET('/mirrors/names')), { quiet: true });
  return names;
}

/** @returns one or more @throws Refusal with the nearest names when there is none */
export async function someMirrors(api: Client, text: string): Promise<Schemas['Mirror'][]> {
  const found = /^github-\d+$/.test(text) ? await byId(api, text) : await byName(api, text);
  if (found.length > 0) return found;
  const query = { limit: NAMES_COMPARED };
  const { names } = await answerOf(api.GET('/mirrors/names', { params: { query } }));
  const near = nearest(text, [...new Set(names)]);
  const advice =
    near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `\`${typed('list')}\` names everything that is mirrored.`;
  throw new Refusal(`There is no mirror of "${text}". ${advice}`, EXIT.notFound);
}

async function byId(api: Client, id: string): Promise<Schemas['Mirror'][]> {
  try {
    return [await answerOf(api.GET('/mirrors/{id}', { params: { path: { id } } }))];
  } catch (error) {
    if (error instanceof ApiProblem && error.status === 404) return [];
    throw error;
  }
}

async function byName(api: Client, name: string): Promise<Schemas['Mirror'][]> {
  const { mirrors } = await answerOf(api.GET('/mirrors', { params: { query: { name, limit: PAGE } } }));
  return mirrors;
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
