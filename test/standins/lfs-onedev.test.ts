import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../support/leaks.ts';
import { createOnedevStandin, type OnedevStandin } from './onedev.ts';

const OID = 'a'.repeat(64);
const LFS_JSON = 'application/vnd.git-lfs+json';

let onedev: OnedevStandin;

beforeAll(async () => {
  onedev = await createOnedevStandin({ token: 'admin-token' });
  await onedev.addForeignProject('art');
});

afterAll(() => onedev.close());

const call = (path: string, init: RequestInit, token: string | null = 'admin-token') =>
  fetch(onedev.url + path, {
    ...init,
    headers: { accept: LFS_JSON, 'content-type': LFS_JSON, ...(token ? { authorization: `Bearer ${token}` } : {}) },
  });

const ask = (body: object, token?: string | null) =>
  call('/art.git/info/lfs/objects/batch', { method: 'POST', body: JSON.stringify(body) }, token);

describe("the OneDev stand-in's Git LFS", () => {
  it('deletes an upload that is not what its name says', async () => {
    const answer = await call(`/art.git/lfs/objects/${OID}?lfs-objects=true`, { method: 'PUT', body: 'other' });

    expect(answer.status).toBe(500);
    expect(onedev.lfs.objectsOf(onedev.project('art')!)).toEqual([]);
  });

  it('asks a stranger who they are in the way of Git LFS', async () => {
    const answer = await ask({ operation: 'upload', objects: [] }, null);

    expect(answer.status).toBe(401);
    expect(answer.headers.get('lfs-authenticate')).toBe('Basic realm="OneDev"');
    expect(await answer.json()).toEqual({ message: 'Authentication required' });
  });

  it('takes basic transfers and sha256 only, and names addresses under its configured URL', async () => {
    const objects = [{ oid: OID, size: 5 }];

    const offered = await (await ask({ operation: 'upload', objects })).json();

    expect((await ask({ operation: 'upload', transfers: ['tus'], objects })).status).toBe(406);
    expect((await ask({ operation: 'upload', hash_algo: 'sha512', objects })).status).toBe(406);
    expect(offered).toMatchObject({
      objects: [
        {
          oid: OID,
          actions: { upload: { href: `http://onedev.invalid/art.git/lfs/objects/${OID}?lfs-objects=true` } },
        },
      ],
    });
  });

  it('serves no locks, and finds no project without .git in the address', async () => {
    expect((await call('/art.git/info/lfs/locks', { method: 'GET' })).status).toBe(501);
    expect((await call('/art/info/lfs/objects/batch', { method: 'POST', body: '{}' })).status).toBe(500);
    expect((await call('/none.git/info/lfs/objects/batch', { method: 'POST', body: '{}' })).status).toBe(404);
  });
});
