import type { IncomingMessage, ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { FailureKind } from '../../../src/domain/failures.ts';
import { commit, git, readRef, refsOf, setRefs } from '../../support/repo.ts';
import { deferred, stallAfter } from './clone-world.ts';
import { refuse, startGitServer } from './git-server.ts';
import { askedOf, createStreamWorld, type StreamWorld } from './stream-world.ts';

const BIG = { bigFileMb: 4 };
const MIDDLE = 1024 * 1024;
const AUTH = { kind: 'basic', username: 'x-access-token', password: 'secret-password' } as const;

type Interference = (request: IncomingMessage, response: ServerResponse) => unknown;

/** Interferes with the fetch of the pack: without tags and moved branches, it is the second thing posted to the source. `true`: it answered itself. */
function atPackFetch(world: StreamWorld, interfere: Interference): void {
  let posts = 0;
  world.server.intercept = async (request, response) => {
    if (request.url !== '/source.git/git-upload-pack' || (posts += 1) !== 2) return false;
    return (await interfere(request, response)) === true;
  };
}

function atPush(world: StreamWorld, interfere: Interference): void {
  world.server.intercept = async (request, response) =>
    request.url === '/target.git/git-receive-pack' && (await interfere(request, response)) === true;
}

/** Changes what goes out, chunk by chunk, given how many bytes went before; `null`: the connection breaks. */
function alter(response: ServerResponse, change: (chunk: Buffer, before: number) => Buffer | null): void {
  const write = response.write.bind(response);
  let sent = 0;
  response.write = (chunk: Buffer | string) => {
    const bytes = Buffer.from(chunk as Buffer);
    const changed = change(bytes, sent);
    sent += bytes.length;
    if (changed !== null) return write(changed);
    response.destroy();
    return false;
  };
}

function answerPackets(response: ServerResponse, body: string): true {
  response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-result' }).end(body);
  return true;
}

function packet(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

/** The target has nothing of a sync that failed, and the next one ends well. */
async function expectNothingButTheNextWorks(world: StreamWorld): Promise<void> {
  expect(await refsOf(world.target)).toEqual({});
  world.server.intercept = () => false;
  // With the patience of the product: what was shortened was for the fault.
  const { idleTimeoutMs: _idle, overallTimeoutMs: _overall, ...patient } = world.streamOptions;
  world.streamOptions = patient;
  await world.sync();
  expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  expect(await git(world.target, ['fsck', '--full'])).toBe('');
}

describe('a target that fails for a moment', () => {
  it('when it is asked for its HEAD is a failed sync, and no reason to clone', async () => {
    const world = await createStreamWorld();
    world.server.intercept = (request, response) =>
      request.url === '/target.git/git-upload-pack' && refuse(response, 500, 'out of order');

    const failure = await world.failing();

    expect(failure.kind).toBe('TargetError');
    await expectNothingButTheNextWorks(world);
  });
});

describe('a pack that does not arrive whole', () => {
  it('because the source breaks off leaves the target as it was', async () => {
    const world = await createStreamWorld(BIG);
    atPackFetch(world, (_, response) => alter(response, (chunk, before) => (before > MIDDLE ? null : chunk)));

    const failure = await world.failing();

    expect(failure.kind).toBe('SourceUnreachable');
    await expectNothingButTheNextWorks(world);
  });

  it('because the target breaks off ends the fetch too', async () => {
    const world = await createStreamWorld(BIG);
    const sourceLeft = deferred();
    let posts = 0;
    world.server.intercept = (request, response) => {
      if (request.url === '/source.git/git-upload-pack' && (posts += 1) === 2)
        response.once('close', sourceLeft.resolve);
      if (request.url !== '/target.git/git-receive-pack') return false;
      let taken = 0;
      request.on('data', (chunk: Buffer) => {
        if ((taken += chunk.length) > MIDDLE) request.socket.destroy();
      });
      return true;
    };

    const failure = await world.failing();
    await sourceLeft.promise;

    expect(failure.kind).toBe('TargetUnreachable');
    await expectNothingButTheNextWorks(world);
  });

  it('because a byte changed on the way is refused by the target', async () => {
    const world = await createStreamWorld(BIG);
    let changed = false;
    atPackFetch(world, (_, response) =>
      alter(response, (chunk, before) => {
        const copy = Buffer.from(chunk);
        if (!changed && before > MIDDLE && copy.length > 2_000) copy[1_000] = (copy[1_000] ?? 0) ^ 255;
        changed ||= before > MIDDLE && copy.length > 2_000;
        return copy;
      }),
    );

    const failure = await world.failing();

    expect(changed).toBe(true);
    expect(failure).toMatchObject({ kind: 'TransferFailed', message: expect.stringContaining('unpack failed') });
    await expectNothingButTheNextWorks(world);
  });

  it('although the source says that it is whole is refused by the target', async () => {
    const world = await createStreamWorld();
    const header = Buffer.from('5041434b000000020000000a', 'hex').toString('latin1');
    atPackFetch(world, (_, response) => {
      const head = { 'content-type': 'application/x-git-upload-pack-result' };
      const body = `${packet('packfile\n')}${packet(`\x01${header}`)}0000`;
      response.writeHead(200, head).end(Buffer.from(body, 'latin1'));
      return true;
    });

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind: 'TransferFailed', message: expect.stringContaining('unpack failed') });
    await expectNothingButTheNextWorks(world);
  });

  it.each([
    ['in the side-band', `${packet('packfile\n')}${packet('\x03pack-objects died of signal 9')}`],
    ['in place of the pack', packet('ERR pack-objects died of signal 9')],
  ])('because the source says an error %s is a failure with its words', async (_, body) => {
    const world = await createStreamWorld();
    atPackFetch(world, (__, response) => answerPackets(response, body));

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind: 'SourceError', message: expect.stringContaining('died of signal 9') });
    expect(askedOf(world, 'target')).not.toContain('POST git-receive-pack');
    await expectNothingButTheNextWorks(world);
  });
});

describe('a target that answers before it has read the pack', () => {
  it.each<[FailureKind, number, string]>([
    ['TargetUnauthorized', 401, 'Invalid account'],
    ['TargetForbidden', 403, 'You do not have permission to push to this project.'],
    ['TargetProjectMissing', 404, 'Project not found or inaccessible: github/a/b'],
    ['TargetStarting', 404, '<html>HTTP ERROR 404</html>'],
    ['TargetStarting', 503, 'Server not ready'],
    ['TargetError', 413, 'Request Entity Too Large'],
  ])('is heard: %s for status %i', async (kind, status, text) => {
    const world = await createStreamWorld(BIG);
    atPush(world, (_, response) => refuse(response, status, text));

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind, message: expect.stringContaining(text.slice(0, 20)) });
    await expectNothingButTheNextWorks(world);
  });

  it('and closes the connection at once is heard all the same', async () => {
    const world = await createStreamWorld(BIG);
    atPush(world, (request) => {
      request.socket.end('HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig');
      return true;
    });

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind: 'TargetError', message: expect.stringContaining('413') });
  });
});

describe('a side that stands still', () => {
  it('is the target after it got the pack: the transfer is stopped', async () => {
    const world = await createStreamWorld();
    world.streamOptions = { ...world.streamOptions, idleTimeoutMs: 1_500 };
    atPush(world, (request) => {
      request.resume();
      return true;
    });

    const failure = await world.failing();

    expect(failure.kind).toBe('TransferTimeout');
    await expectNothingButTheNextWorks(world);
  });

  it('is the source in the middle of the pack: both connections are closed', async () => {
    const world = await createStreamWorld(BIG);
    world.streamOptions = { ...world.streamOptions, idleTimeoutMs: 4_000 };
    const pushOver = deferred();
    let posts = 0;
    world.server.intercept = (request, response) => {
      if (request.url === '/target.git/git-receive-pack') response.once('close', pushOver.resolve);
      if (request.url !== '/source.git/git-upload-pack' || (posts += 1) !== 2) return false;
      return stallAfter(response, MIDDLE, () => undefined);
    };

    const failure = await world.failing();
    await pushOver.promise;

    expect(failure.kind).toBe('TransferTimeout');
    await expectNothingButTheNextWorks(world);
  });

  it('longer than a whole transfer may take is stopped', async () => {
    const world = await createStreamWorld(BIG);
    world.streamOptions = { ...world.streamOptions, overallTimeoutMs: 1_500 };
    atPackFetch(world, (_, response) => stallAfter(response, MIDDLE, () => undefined));

    expect((await world.failing()).kind).toBe('TransferTimeout');
  });
});

describe('cancelling', () => {
  it('in the middle of a pack closes both connections and rejects with the reason', async () => {
    const world = await createStreamWorld(BIG);
    const [stalled, pushOver, fetchOver] = [deferred(), deferred(), deferred()];
    let posts = 0;
    world.server.intercept = (request, response) => {
      if (request.url === '/target.git/git-receive-pack') response.once('close', pushOver.resolve);
      if (request.url !== '/source.git/git-upload-pack' || (posts += 1) !== 2) return false;
      response.once('close', fetchOver.resolve);
      return stallAfter(response, MIDDLE, stalled.resolve);
    };
    const abort = new AbortController();
    const reason = new Error('the workflow was cancelled');

    const run = world.sync({}, abort.signal).catch((error: unknown) => error);
    await stalled.promise;
    abort.abort(reason);
    const end = await run;
    await Promise.all([pushOver.promise, fetchOver.promise]);

    expect(end).toBe(reason);
    expect(await refsOf(world.target)).toEqual({});
  });

  it('before the start asks nobody anything', async () => {
    const world = await createStreamWorld();

    const end = await world.sync({}, AbortSignal.abort('no')).catch((error: unknown) => error);

    expect(end).toBe('no');
    expect(world.server.requests).toEqual([]);
  });
});

describe('a source that moves between the listing and the fetch', () => {
  it('is mirrored as it was listed, where it still hands that out', async () => {
    const world = await createStreamWorld();
    const listed = await readRef(world.source, 'refs/heads/main');
    let later = '';
    atPackFetch(world, async () => (later = await commit(world.source, { parent: null })));

    const first = await world.sync();
    const between = await readRef(world.target, 'refs/heads/main');
    const second = await world.sync({ knownDigest: first.sourceDigest });

    expect(between).toBe(listed);
    expect(second.outcome).toBe('changed');
    expect(await readRef(world.target, 'refs/heads/main')).toBe(later);
  });

  it('is listed anew where it does not', async () => {
    const world = await createStreamWorld();
    atPackFetch(world, async () => {
      await commit(world.source, { parent: null });
      await git(world.source, ['gc', '--prune=now', '--quiet']);
    });

    const report = await world.sync();

    expect(report.outcome).toBe('changed');
    expect(world.logged).toContain('the source changed during the sync and is listed anew');
    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it('and never hands out what it lists is a failure to try again', async () => {
    const world = await createStreamWorld();
    let posts = 0;
    world.server.intercept = (request, response) =>
      request.url === '/source.git/git-upload-pack' &&
      (posts += 1) % 2 === 0 &&
      answerPackets(response, packet('ERR upload-pack: not our ref 1234'));

    expect((await world.failing()).kind).toBe('SourceError');
  });
});

describe('a target that somebody else changes between the listing and the push', () => {
  it.each([
    ['a branch that moved', async (world: StreamWorld) => void (await commit(world.source))],
    [
      'a branch that upstream deleted',
      async (world: StreamWorld) => setRefs(world.source, [{ name: 'refs/heads/dev', oid: null }]),
    ],
  ])('is not overwritten: %s', async (_, change) => {
    const world = await createStreamWorld({ branches: ['dev'] });
    await world.sync();
    await change(world);
    const theirs: Record<string, string> = {};
    atPush(world, async () => {
      if (Object.keys(theirs).length > 0) return;
      theirs['refs/heads/main'] = await commit(world.target, { branch: 'main' });
      theirs['refs/heads/dev'] = await commit(world.target, { branch: 'dev' });
    });

    const failure = await world.failing();

    expect(failure.kind).toBe('TargetChanged');
    expect(await world.mirrored(world.target)).toEqual(theirs);
  });

  it('is noticed when a branch appeared, and when one to delete is gone already', async () => {
    const world = await createStreamWorld({ branches: ['dev'] });
    await world.sync({ rewritePolicy: 'follow' });
    await commit(world.source, { branch: 'new' });
    let theirs = '';
    atPush(world, async () => (theirs ||= await commit(world.target, { branch: 'new', parent: null })));
    const appeared = await world.failing({ rewritePolicy: 'follow' });
    await setRefs(world.target, [{ name: 'refs/heads/new', oid: null }]);
    world.server.intercept = () => false;
    await world.sync({ rewritePolicy: 'follow' });
    await setRefs(world.source, [{ name: 'refs/heads/dev', oid: null }]);
    atPush(world, () => setRefs(world.target, [{ name: 'refs/heads/dev', oid: null }]));

    const gone = await world.failing({ rewritePolicy: 'follow' });

    expect([appeared.kind, gone.kind]).toEqual(['TargetChanged', 'TargetChanged']);
  });
});

describe('credentials that expire between two requests', () => {
  it('of the source are its failure, and nothing is pushed', async () => {
    const world = await createStreamWorld();
    atPackFetch(world, (_, response) => refuse(response, 401, 'Bad credentials'));

    const failure = await world.failing({ source: { ...world.request.source, auth: AUTH } });

    expect(failure.kind).toBe('SourceUnauthorized');
    expect(askedOf(world, 'target')).not.toContain('POST git-receive-pack');
    await expectNothingButTheNextWorks(world);
  });

  it('are sent with every request, and are in no address and no message', async () => {
    const world = await createStreamWorld();
    const auth = { source: { ...world.request.source, auth: AUTH }, target: { ...world.request.target, auth: AUTH } };
    await world.sync(auth);
    atPush(world, (_, response) => refuse(response, 401, 'Basic eC1hY2Nlc3M6 is not valid'));
    await commit(world.source);

    const failure = await world.failing(auth);

    const expected = `Basic ${Buffer.from('x-access-token:secret-password').toString('base64')}`;
    expect(new Set(world.server.requests.map(({ authorization }) => authorization))).toEqual(new Set([expected]));
    expect(JSON.stringify([world.server.requests.map(({ url }) => url), failure.message])).not.toContain('secret');
  });
});

describe('what servers may do', () => {
  it('is to compress their answers', async () => {
    const world = await createStreamWorld({ tags: 3 });
    world.server.intercept = (_, response) => {
      compress(response);
      return false;
    };

    await world.sync();

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it('is to redirect within the host, after a rename', async () => {
    const world = await createStreamWorld();
    world.server.intercept = (request, response) => {
      if (request.url?.startsWith('/old.git/') !== true) return false;
      return refuse(response, 301, '', { location: request.url.replace('old', 'source') });
    };
    const url = world.request.source.url.replace('source', 'old');

    await world.sync({ source: { url, auth: AUTH } });

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });

  it.each(['another host', 'a page to log in'])('is not to redirect to %s', async (where) => {
    const world = await createStreamWorld();
    const elsewhere = await startGitServer(world.dir);
    const location = where === 'another host' ? elsewhere.urlOf(world.source) : `${world.server.origin}/login`;
    world.server.intercept = (request, response) =>
      request.url?.startsWith('/source.git/') === true &&
      refuse(response, 302, '', {
        location: `${location}${request.url.slice('/source.git'.length)}`.replace(/login.*/, 'login'),
      });

    const failure = await world.failing({ source: { ...world.request.source, auth: AUTH } });
    await elsewhere.close();

    expect(failure.kind).toBe('SourceError');
    expect(elsewhere.requests).toEqual([]);
  });

  it('is not to redirect a push, which might end in a project that is not ours', async () => {
    const world = await createStreamWorld();
    world.server.intercept = (request, response) =>
      request.url?.startsWith('/target.git/') === true &&
      refuse(response, 301, '', { location: request.url.replace('target', 'source') });

    expect((await world.failing()).kind).toBe('TargetError');
  });

  it('is to answer with a web page, which is no listing', async () => {
    const world = await createStreamWorld();
    world.server.intercept = (request, response) =>
      request.url?.startsWith('/source.git/') === true &&
      refuse(response, 200, '<html>', { 'content-type': 'text/html' });

    expect((await world.failing()).kind).toBe('SourceBadResponse');
  });

  it('is to close a connection that waits for the next request', async () => {
    const world = await createStreamWorld();
    let drops = 0;
    world.server.intercept = (request) => {
      // The first byte of the next request meets a closed connection.
      if (request.method !== 'POST' || request.url !== '/source.git/git-upload-pack' || (drops += 1) !== 2)
        return false;
      request.socket.destroy();
      return true;
    };

    await world.sync();

    expect(await refsOf(world.target)).toEqual(await world.mirrored(world.source));
  });
});

describe('a source that only speaks the old protocol', () => {
  it('cannot be streamed, for a reason that has a name', async () => {
    const world = await createStreamWorld();
    world.server.intercept = (request) => {
      delete request.headers['git-protocol'];
      return false;
    };

    const failure = await world.failing();

    expect(failure).toMatchObject({ kind: 'StreamImpossible', obstacle: 'source-protocol' });
  });
});

function compress(response: ServerResponse): void {
  const [write, end, writeHead] = [
    response.write.bind(response),
    response.end.bind(response),
    response.writeHead.bind(response),
  ];
  const gzip = createGzip();
  gzip.on('data', (chunk: Buffer) => write(chunk));
  gzip.once('end', () => end());
  response.writeHead = (status: number, headers: unknown) =>
    writeHead(status, { ...(headers as Record<string, string>), 'content-encoding': 'gzip' });
  response.write = (chunk: Buffer | string) => {
    gzip.write(chunk);
    return true;
  };
  response.end = () => {
    gzip.end();
    return response;
  };
}
