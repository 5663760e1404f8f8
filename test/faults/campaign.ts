import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ADMIN_KEY, startStarkeep, WEBHOOK_SECRET, type Starkeep } from '../../demo/starkeep.ts';
import { candidatePaths, markerIn } from '../../src/domain/names.ts';
import { mirrorIdOf } from '../../src/domain/model.ts';
import { freePort } from '../../src/free-port.ts';
import { whyNotToDelete } from '../properties/deletion-model.ts';
import type { StandinProject } from '../standins/onedev.ts';
import { createCourier, type Courier, type SentDelivery } from './courier.ts';
import { plantForeignProjects, type ForeignProjects } from './foreign.ts';
import { createInjector, type Injector } from './injection.ts';
import { gitAtRest, orphans, traces, verifyAudit } from './leavings.ts';
import { createOperator, type Operator } from './operator.ts';
import { isUnproven, judge, type Judged, unsettled } from './oracle.ts';
import type { Change, Fault, FaultKind, Plan } from './plan.ts';
import { createRandom } from './random.ts';
import { createRecoveryWatch, type RecoveryWatch } from './recovery.ts';
import { startStandinProcess, type StandinProcess } from './standin-process.ts';
import { createUpstream, type Event, type Kept, type Upstream } from './upstream.ts';

/**
 * The whole service on one machine, a stream of deliveries, and faults at the times of the plan. Then the faults end, everything comes to
 * rest, and is judged. Nothing is left behind, however it ends.
 */

export interface CampaignOptions {
  plan: Plan;
  /** Everything temporary goes here; who gives it removes it. */
  dir: string;
  temporalBinary: string;
  /** Once the faults are over: how long it may go on, and how long nothing at all may move. */
  settle: { withinMs: number; stillMs: number };
  say: (line: string) => void;
  /** Ends the campaign early. */
  signal: AbortSignal;
}

export interface Outcome {
  /** What must not be, in sentences; none: all held. */
  losses: string[];
  deliveries: readonly SentDelivery[];
  faults: ReturnType<RecoveryWatch['times']>;
  syncs: { completed: number; failed: number };
  deletions: number;
  /** From the end of the faults until everything was at rest; `null`: it never was. */
  settledMs: number | null;
}

/** Shorter than the minute between two proofs, which therefore is what counts. */
const GRACE = '20s';
const PROOF_GAP_MS = 60_000;

/** Below the ports that systems hand out by themselves, or a killed server's port may be another program's when it comes back. */
const FIRST_PORT = 21_000;
const LAST_PORT = 31_000;

const GITHUB_TOKEN = 'ghp_standin0123456789abcdefghijklmnopqrstuv';
const ONEDEV_TOKEN = 'onedev-standin-token';

export async function runCampaign(options: CampaignOptions): Promise<Outcome> {
  const campaign = new Campaign(options);
  try {
    await campaign.begin();
    if (options.plan.calmBeginning) await campaign.mirrorAll();
    await campaign.disturb();
    await campaign.settle();
    await campaign.judge();
  } finally {
    await campaign.end();
  }
  return campaign.outcome();
}

class Campaign {
  private readonly options: CampaignOptions;
  private readonly losses: string[] = [];
  private readonly recovery = createRecoveryWatch();
  private readonly closing: (() => Promise<unknown> | void)[] = [];
  /** Faults under way. */
  private readonly hurting = new Set<Promise<unknown>>();
  /** What GitHub and a person have still to say. */
  private readonly acting = new Set<Promise<unknown>>();
  private readonly pausing = new Map<Kept, Promise<void>>();
  private deletions = 0;
  private settledMs: number | null = null;
  private syncs = { completed: 0, failed: 0 };
  private made: {
    upstream: Upstream;
    github: StandinProcess;
    onedev: StandinProcess;
    starkeep: Starkeep;
    foreign: ForeignProjects;
    courier: Courier;
    operator: Operator;
    injector: Injector;
    judged: Judged;
  } | null = null;

  constructor(options: CampaignOptions) {
    this.options = options;
  }

  async begin(): Promise<void> {
    const { plan, dir, say } = this.options;
    const [temporary, upstreamDir, onedevDir] = ['tmp', 'upstream', 'onedev'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    for (const folder of [temporary, upstreamDir, onedevDir]) await mkdir(folder);
    const { PATH, HOME } = process.env;
    // The folder in their environment is how processes that are left over are recognised.
    const environment = { PATH, HOME, TMPDIR: temporary };
    const random = createRandom(plan.seed, 'campaign');

    const [githubPort] = await portsIn(random.int(FIRST_PORT, LAST_PORT));
    const githubUrl = `http://127.0.0.1:${githubPort}`;
    let github: StandinProcess | null = null;
    say(`Building ${plan.repositories.length} repositories …`);
    const upstream = await createUpstream({
      dir: upstreamDir,
      planned: plan.repositories,
      random: createRandom(plan.seed, 'upstream'),
      url: githubUrl,
      onChange: async (told) => github?.call('change', told),
    });
    this.refuseAbort();

    const standin = { environment, onCrash: (sentence: string) => void this.losses.push(sentence) };
    github = await startStandinProcess({
      ...standin,
      name: 'github',
      begin: () => ({ port: githubPort, changes: upstream.changes }),
      onTold: () => undefined,
    });
    this.closing.push(() => github?.stop());
    const [onedevPort] = await portsIn(random.int(FIRST_PORT, LAST_PORT));
    const onedev = await startStandinProcess({
      ...standin,
      name: 'onedev',
      begin: () => ({ port: onedevPort, dataDir: onedevDir }),
      onTold: (what, value) => {
        if (what === 'pushed') this.recovery.arrived(value as string[]);
        else this.judgeDeletion(value as Asked);
      },
    });
    this.closing.push(() => onedev.stop());
    const foreign = await plantForeignProjects(onedev, upstream);
    this.refuseAbort();

    const log = createWriteStream(join(dir, 'starkeep.log'));
    this.closing.push(() => new Promise((closed) => log.end(closed)));
    const onedevUrl = `http://127.0.0.1:${onedevPort}`;
    // The usual ones are taken by whoever starts a Starkeep while one of these servers is being started again.
    const [apiPort, postgres, temporal, temporalUi] = await portsIn(random.int(FIRST_PORT, LAST_PORT));
    const starkeep = await startStarkeep({
      dir,
      github: { url: githubUrl, apiUrl: `${githubUrl}/api/v3`, token: GITHUB_TOKEN },
      onedev: { url: onedevUrl, token: ONEDEV_TOKEN },
      temporalBinary: this.options.temporalBinary,
      ports: { postgres, temporal, temporalUi },
      say: (line) => void log.write(`${new Date().toISOString()} ${line}\n`),
      onLogLine: (line) => void log.write(`${line}\n`),
      environment: {
        ...environment,
        STARKEEP_PORT: String(apiPort),
        STARKEEP_UNSTAR_GRACE: GRACE,
        STARKEEP_DELETE_BUDGET: '1000/24h',
        STARKEEP_TRANSFER: plan.transfer,
        // Only what a delivery tells is to be found out.
        STARKEEP_RECONCILE_EVERY: '1d',
        STARKEEP_DRIFT_EVERY: 'never',
      },
    });
    this.closing.push(() => starkeep.stop());

    const { installation, db } = starkeep;
    const courier = createCourier({
      url: `${installation.apiUrl}/webhooks/github`,
      secret: WEBHOOK_SECRET,
      random: createRandom(plan.seed, 'courier'),
    });
    const operator = createOperator({ apiUrl: installation.apiUrl, key: ADMIN_KEY, db });
    this.closing.push(async () => {
      courier.stop();
      operator.stop();
      await Promise.allSettled([...this.hurting, ...this.acting]);
    });
    this.made = {
      ...{ upstream, github, onedev, starkeep, foreign, courier, operator },
      injector: createInjector({ installation, db, github, onedev }),
      judged: {
        upstream,
        deliveries: courier.deliveries,
        db,
        github: { url: githubUrl, token: GITHUB_TOKEN },
        onedev: { url: onedevUrl, token: ONEDEV_TOKEN, projects: () => onedev.call<StandinProject[]>('projects') },
        foreign: foreign.ids(),
      },
    };
  }

  /** What the plan says, at its times; later where the machine is slow, never in another order. */
  async disturb(): Promise<void> {
    const { plan, say } = this.options;
    const began = Date.now();
    const due: { atMs: number; happen: () => unknown }[] = [
      ...plan.changes.map((change) => ({ atMs: change.atMs, happen: () => this.change(change) })),
      ...plan.faults.map((fault) => ({
        atMs: fault.atMs,
        happen: () => this.begun(this.hurting, () => this.inject(fault)),
      })),
    ].sort((a, b) => a.atMs - b.atMs);
    say(`Disturbing it for ${Math.round(plan.durationMs / 1000)} s …`);
    for (const { atMs, happen } of due) {
      await this.sleep(began + atMs - Date.now());
      await happen();
    }
  }

  async mirrorAll(): Promise<void> {
    this.options.say('Mirroring everything …');
    if ((await this.rest()) === null) throw new Error('not everything was mirrored in time, without any fault');
  }

  /** Without faults, until nothing is on its way. */
  async settle(): Promise<void> {
    this.options.say('The faults are over; waiting until everything has come to rest …');
    const began = Date.now();
    await Promise.all(this.hurting);
    await this.world().injector.calm();
    const restedAt = await this.rest();
    this.settledMs = restedAt === null ? null : restedAt - began;
  }

  /** @returns when nothing was left to be done; `null`: it did not come to that in time */
  private async rest(): Promise<number | null> {
    const { say, settle } = this.options;
    const began = Date.now();
    let movedAt = began;
    let before = '';
    let told = 0;
    let wasAtRest = false;
    while (Date.now() - began < settle.withinMs && Date.now() - movedAt < settle.stillMs) {
      const left = await this.left();
      if (left.length === 0) {
        // A mirror is `completed` for a moment between two passes: it counts when it still is at the next look.
        if (wasAtRest) return Date.now();
        wasAtRest = true;
        await this.sleep(1_000);
        continue;
      }
      wasAtRest = false;
      const now = left.join('\n');
      if (now !== before) movedAt = Date.now();
      before = now;
      if (left.length !== told) say(`  ${left.length} left, such as: ${left[0]}`);
      told = left.length;
      await this.sleep(1_000);
    }
    say('It has not come to rest in time.');
    return null;
  }

  private async left(): Promise<string[]> {
    const { judged } = this.world();
    try {
      const left = await unsettled(judged);
      // What could not be proven is kept until the next complete reading of the stars, which comes round every hour: it comes now. Not before
      // all else is at rest, or it might make up for what was lost.
      if (left.length > 0 && left.every(isUnproven)) await this.readStars();
      return left;
    } catch (error) {
      return [(error as Error).message];
    }
  }

  private async readStars(): Promise<void> {
    const { installation, db } = this.world().starkeep;
    const [last] = await db.query(`select max(started_at) > now() - interval '20 s' as recent from star_readings`);
    if (last?.['recent']) return;
    await fetch(`${installation.apiUrl}/api/v1/reconcile`, {
      method: 'POST',
      headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ full: true }),
    });
  }

  async judge(): Promise<void> {
    const { say, dir } = this.options;
    const { judged, foreign, courier, starkeep } = this.world();
    say('Comparing both sides …');
    this.losses.push(
      ...(await gitAtRest(dir)),
      ...(await judge({ ...judged, foreign: foreign.ids() })),
      ...(await foreign.touched()),
      ...courier.strange,
      ...(await traces(dir)),
      ...(await verifyAudit(starkeep.settings)),
    );
    const counts = await judged.db.query('select outcome, count(*)::int as count from syncs group by outcome');
    for (const { outcome, count } of counts) this.syncs[outcome as 'completed' | 'failed'] = Number(count);
  }

  /** In the order opposite to the beginning; whatever fails, the rest is ended too. */
  async end(): Promise<void> {
    for (const close of this.closing.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        this.losses.push(`ending it failed: ${(error as Error).message}`);
      }
    }
    this.losses.push(...(await orphans(this.options.dir)));
  }

  outcome(): Outcome {
    return {
      losses: this.losses,
      deliveries: this.made?.courier.deliveries ?? [],
      faults: this.recovery.times(),
      syncs: this.syncs,
      deletions: this.deletions,
      settledMs: this.settledMs,
    };
  }

  // ---------------------------------------------------------------------------------------------------------------- what happens

  private async inject(fault: Fault): Promise<void> {
    this.recovery.faultBegan(fault.kind satisfies FaultKind);
    await this.world().injector.inject(fault);
  }

  private async change(change: Change): Promise<void> {
    const { upstream, operator, courier } = this.world();
    const kept = upstream.at(change.at);
    switch (change.do) {
      case 'pause':
        this.pausing.set(kept, operator.pause(kept));
        return this.act(async () => this.pausing.get(kept));
      case 'resume':
        return this.act(async () => {
          await this.pausing.get(kept);
          await operator.resume(kept);
        });
      case 'unstar':
        if (kept.planned.career === 'guarded') await this.guard(kept);
        break;
      default:
        break;
    }
    const event = await EVENTS[change.do](upstream, kept);
    if (event.oid) this.recovery.pushed(event.oid);
    const about = change.do === 'newcomer' ? upstream.all.at(-1) : kept;
    this.act(() => courier.send(event, about?.repository.id ?? ''));
    const isApproved = change.do === 'unstar' && kept.planned.approved && kept.planned.career !== 'restarred';
    if (isApproved) this.act(() => operator.approveDeletion(kept));
  }

  /** A person makes a project below the mirror's, once that is there. */
  private async guard(kept: Kept): Promise<void> {
    const { foreign, onedev } = this.world();
    const paths = candidatePaths('github', kept.repository.fullName, kept.repository.id);
    for (;;) {
      const projects = await onedev.call<StandinProject[]>('projects');
      const own = projects.find(({ description }) => markerIn(description) === mirrorIdOf(kept.repository.id));
      if (own) return foreign.addBelow(own.path);
      if (this.options.signal.aborted) throw new Error(`there is no project at ${paths.join(' or ')}`);
      await this.sleep(200);
    }
  }

  private judgeDeletion({ id, path, description }: Asked): void {
    // One that is gone already: its answer was lost, and it is asked for again.
    if (path === null) return;
    const { upstream } = this.world();
    const kept = upstream.all.find(({ repository }) => markerIn(description) === mirrorIdOf(repository.id));
    this.deletions += 1;
    const asked = kept && { ...kept, starred: upstream.isStarred(kept) };
    const reasons = whyNotToDelete(asked ?? null, Date.now(), PROOF_GAP_MS);
    if (kept?.planned.career === 'guarded') reasons.push('somebody has a project below it');
    this.losses.push(...reasons.map((why) => `${path} (project ${id}) was deleted although ${why}`));
  }

  /** Begins something that takes its time, and whose failure counts. */
  private act(work: () => Promise<unknown>): void {
    this.begun(this.acting, work);
  }

  private begun(among: Set<Promise<unknown>>, work: () => Promise<unknown>): void {
    const doing: Promise<unknown> = work()
      .catch((error: Error) => this.losses.push(`the campaign itself failed: ${error.stack ?? error.message}`))
      .finally(() => among.delete(doing));
    among.add(doing);
  }

  private world() {
    if (!this.made) throw new Error('the campaign has not begun');
    return this.made;
  }

  private refuseAbort(): void {
    if (this.options.signal.aborted) throw new Error('interrupted');
  }

  private async sleep(ms: number): Promise<void> {
    this.refuseAbort();
    if (ms > 0) await new Promise((wake) => setTimeout(wake, Math.min(ms, 60_000)));
    this.refuseAbort();
  }
}

interface Asked {
  id: string;
  path: string | null;
  description: string | null;
}

const EVENTS: Record<Exclude<Change['do'], 'pause' | 'resume'>, (upstream: Upstream, kept: Kept) => Promise<Event>> = {
  push: (upstream, kept) => upstream.push(kept),
  rewrite: (upstream, kept) => upstream.rewrite(kept),
  'new branch': (upstream, kept) => upstream.newBranch(kept),
  'drop branch': (upstream, kept) => upstream.dropBranch(kept),
  tag: (upstream, kept) => upstream.tag(kept),
  star: (upstream, kept) => upstream.star(kept),
  unstar: (upstream, kept) => upstream.unstar(kept),
  rename: (upstream, kept) => upstream.rename(kept),
  newcomer: (upstream, kept) => upstream.newcomer(kept),
  hide: (upstream, kept) => upstream.show(kept, false),
  show: (upstream, kept) => upstream.show(kept, true),
  delete: (upstream, kept) => upstream.remove(kept),
};

/** Free ports, all different, the first being that one if possible. */
async function portsIn(preferred: number): Promise<[number, number, number, number]> {
  const found: number[] = [];
  for (let port = preferred; port < LAST_PORT + 1_000; port += 1) {
    if ((await freePort(port)) === port) found.push(port);
    if (found.length === 4) return found as [number, number, number, number];
  }
  throw new Error(`not enough ports from ${preferred} on are free`);
}
