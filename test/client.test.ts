import { describe, expect, it } from 'vitest';
import { clientTypes, CLIENT_TYPES } from '../scripts/client-types.ts';
import { readFile } from 'node:fs/promises';
import { answerOf, createClient } from '../src/client/client.ts';
import { withApi } from './api/v1/world.ts';

const world = withApi();
const client = () =>
  createClient({
    url: 'http://starkeep.test/',
    key: world.keys.admin,
    fetch: async (request) => world.app.request(request),
  });

describe('the client', () => {
  it('has the types of the document (npm run docs writes them)', async () => {
    expect(await readFile(CLIENT_TYPES, 'utf8')).toBe(await clientTypes());
  });

  it('asks with its key, and hands over what was answered', async () => {
    await world.addMirror('7', 'ada/engine', { row: { status: 'failed' } });
    await world.addMirror('8', 'ada/loom', { row: { status: 'held' } });
    await world.addMirror('9', 'ada/well');

    const { mirrors, total } = await answerOf(
      client().GET('/mirrors', { params: { query: { status: ['failed', 'held'], sort: '-name' } } }),
    );

    expect([mirrors.map(({ fullName }) => fullName), total]).toEqual([['ada/loom', 'ada/engine'], 2]);
  });

  it('throws the problem that the API answers with', async () => {
    const call = answerOf(client().POST('/mirrors/{id}/pause', { params: { path: { id: 'github-404' } }, body: {} }));

    await expect(call).rejects.toMatchObject({ name: 'ApiProblem', status: 404, problem: { title: 'No such mirror' } });
  });
});
