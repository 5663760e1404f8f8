import { describe, expect, it } from 'vitest';
import { parseFilters } from '../../../src/domain/filters.ts';
import type { StarList } from '../../../src/domain/star-list.ts';
import { repository } from '../../adapters/postgres/test-store.ts';
import { withApi } from './world.ts';

let starList: StarList;
const world = withApi({
  filters: parseFilters({ LANGUAGES: 'Go, Rust' }),
  starList: () => Promise.resolve(starList),
});

const excludedRow = { status: 'excluded', status_note: 'Its language is PHP' };

async function addSome(): Promise<void> {
  await world.addMirror('1', 'ada/go', { facts: { language: 'Go', sizeKb: 1_000 } });
  await world.addMirror('2', 'bob/rust', { facts: { language: 'Rust', sizeKb: 20_000 } });
  await world.addMirror('3', 'cid/php', { facts: { language: 'PHP', sizeKb: 300_000 }, row: excludedRow });
  await world.addMirror('4', 'dan/by-hand', { facts: { language: 'PHP', sizeKb: 0 }, pinned: true });
  await world.addMirror('5', 'eve/unstarred', { starred: false });
}

describe('a preview of filters', () => {
  it('without any is of the settings, and changes nothing', async () => {
    await addSome();

    const { status, body } = await world.ask('POST', '/filters/preview', { as: 'read' });

    expect(status).toBe(200);
    expect(body.totals).toEqual({
      kept: { repositories: 3, bytes: 21_000_000 },
      excluded: { repositories: 1, bytes: 300_000_000 },
    });
    expect(body.changes).toEqual({ newlyKept: { count: 0, names: [] }, newlyExcluded: { count: 0, names: [] } });
    expect(body.excluded).toEqual([
      {
        mirrorId: 'github-3',
        fullName: 'cid/php',
        bytes: 300_000_000,
        isNew: false,
        reason: 'Its language is PHP, and STARKEEP_FILTER_LANGUAGES keeps only Go, Rust.',
      },
    ]);
  });

  it('of others says what they would change, and leaves the record alone', async () => {
    await addSome();
    const record = () => world.store.db.query('select * from mirrors order by mirror_id');
    const before = await record();

    const { body } = await world.ask('POST', '/filters/preview', { body: { filters: { LANGUAGES: 'PHP, Go' } } });

    expect(body.changes).toEqual({
      newlyKept: { count: 1, names: ['cid/php'] },
      newlyExcluded: { count: 1, names: ['bob/rust'] },
    });
    expect(body.kept.map(({ fullName }: { fullName: string }) => fullName)).toEqual([
      'ada/go',
      'cid/php',
      'dan/by-hand',
    ]);
    expect(await record()).toEqual(before);
  });

  it('replaces only the filters that are named, and an empty text lifts one', async () => {
    await addSome();

    const smaller = await world.ask('POST', '/filters/preview', { body: { filters: { MAX_SIZE: '10MB' } } });
    const lifted = await world.ask('POST', '/filters/preview', { body: { filters: { LANGUAGES: '' } } });

    expect([smaller, lifted].map(({ body }) => body.totals.excluded.repositories)).toEqual([2, 0]);
  });

  it('comes in pages whose totals are of everything', async () => {
    await addSome();

    const first = await world.ask('POST', '/filters/preview', { body: { limit: 3 } });
    const second = await world.ask('POST', '/filters/preview', { body: { limit: 3, cursor: first.body.next } });

    expect([first.body.kept.length, first.body.excluded.length]).toEqual([2, 1]);
    expect([second.body.kept.length, second.body.excluded.length, second.body.next]).toEqual([1, 0, null]);
    expect(second.body.totals).toEqual(first.body.totals);
  });

  it('that do not parse is 422 with setting, word and place', async () => {
    const { status, body } = await world.ask('POST', '/filters/preview', {
      body: { filters: { EXCLUDE: 'ann/*, bob' } },
    });

    expect(status).toBe(422);
    expect(body).toMatchObject({ setting: 'STARKEEP_FILTER_EXCLUDE', word: 'bob', position: 8 });
    expect(body.detail).toMatch(/^STARKEEP_FILTER_EXCLUDE: `bob` at character 8: /);
  });

  it.each([
    [{ filters: { languages: 'Go' } }, 'filters'],
    [{ filters: { LANGUAGES: 7 } }, 'filters.LANGUAGES'],
    [{ limit: 501 }, 'limit'],
  ])('that does not fit is 400 with the field: %j', async (body, field) => {
    const answer = await world.ask('POST', '/filters/preview', { body });

    expect([answer.status, answer.body.errors[0].field]).toEqual([400, field]);
  });
});

describe('a preview of what GitHub lists now', () => {
  it('comes in one answer, compares with nothing, and says what the list may lack', async () => {
    const repositories = [
      repository('7', { fullName: 'ada/go', language: 'Go' }),
      repository('8', { fullName: 'bob/php', language: 'PHP' }),
    ];
    starList = { repositories, incompleteWhy: 'a page failed' };

    const { body } = await world.ask('POST', '/filters/preview', { body: { from: 'github', limit: 1 } });

    expect([body.kept, body.excluded].map((part) => part.map((one: { fullName: string }) => one.fullName))).toEqual([
      ['ada/go'],
      ['bob/php'],
    ]);
    expect(body).toMatchObject({
      changes: { newlyKept: { count: 0 }, newlyExcluded: { count: 0 } },
      incompleteWhy: 'a page failed',
      next: null,
    });
  });
});
