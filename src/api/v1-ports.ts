import { randomUUID } from 'node:crypto';
import { createAlertChannels } from '../adapters/alerts/channels.ts';
import { createArchives } from '../adapters/git/archives.ts';
import { createGithub } from '../adapters/github.ts';
import { createOnedev, type Onedev } from '../adapters/onedev.ts';
import { createPayloadCodec } from '../adapters/payload-codec.ts';
import type { Store } from '../adapters/postgres/store.ts';
import { nextReadingAt } from '../adapters/schedules.ts';
import { createRunningTransfers } from '../adapters/temporal-progress.ts';
import {
  askedReading,
  createMirrorControl,
  lastReadingFailure,
  MANUAL_RECONCILE_WORKFLOW_ID,
  startReading,
  type TemporalConnection,
} from '../adapters/temporal.ts';
import type { Config } from '../config.ts';
import type { MirrorControl } from '../domain/ports.ts';
import { type Probe, probeAlerts, probeGithub, type ProbeName, probeOnedev, testNotice } from '../domain/probes.ts';
import { createRedactor, type Redact } from '../domain/redaction.ts';
import { readStars } from '../domain/star-list.ts';
import { githubOptions } from '../github-options.ts';
import { onExchange } from '../meter.ts';
import { createSettingsDesk, type SettingsDeskOptions } from '../settings-desk.ts';
import { USER_AGENT, VERSION } from '../version.ts';
import type { V1Ports } from './v1/app.ts';

/** What `/api/v1` is made of, by the settings: for the api that listens, and for a command that is answered in its own process. */

/** What Temporal is asked for. */
export interface TemporalPorts extends Pick<V1Ports, 'startReading' | 'askedReading' | 'readingFailure' | 'transfers'> {
  control: MirrorControl;
  nextReadingAt: () => Promise<string | null>;
}

export function temporalPorts(temporal: TemporalConnection): TemporalPorts {
  return {
    control: createMirrorControl(temporal),
    startReading: async (options) => ({
      ...(await startReading(temporal, options)),
      workflowId: MANUAL_RECONCILE_WORKFLOW_ID,
    }),
    askedReading: () => askedReading(temporal),
    readingFailure: () => lastReadingFailure(temporal),
    transfers: createRunningTransfers(temporal),
    nextReadingAt: () => nextReadingAt(temporal),
  };
}

/** All but who asks, from where, and what becomes of log lines. */
export function v1Ports(
  config: Config,
  store: Store,
  { nextReadingAt: nextAt, ...temporal }: TemporalPorts,
  settings: Pick<SettingsDeskOptions, 'stamp' | 'entered'>,
): Omit<V1Ports, 'clientAddress' | 'outerOrigin' | 'log' | 'settleKeys' | 'feed'> {
  const source = createGithub({ ...githubOptions(config.github), onExchange });
  const onedev = onedevOf(config);
  const { token, login } = config.github;
  return {
    ...store,
    ...temporal,
    source,
    starList: token === undefined && login === undefined ? null : () => readStars(source),
    archives: archivesOn(onedev, createRedactor(config.secrets)),
    codec: createPayloadCodec(config.temporal.payloadKeys),
    places: placesOf(config),
    settingsDesk: createSettingsDesk({ ...settings, config, probesOf }),
    sweeps: { everyMs: config.reconcileEveryMs, nextAt },
    filters: config.filters,
    version: VERSION,
  };
}

/** For links to the servers beside Starkeep. */
function placesOf({ onedev, temporal: { uiUrl, namespace } }: Config): V1Ports['places'] {
  const temporalUiUrl = uiUrl === undefined ? null : `${uiUrl}/namespaces/${encodeURIComponent(namespace)}`;
  return { onedevUrl: onedev.url ?? null, temporalUiUrl };
}

/** What an api alone need not be told: then it refuses the few questions that only OneDev can answer. */
function onedevOf({ onedev: { url, token, parent } }: Config): Onedev | null {
  if (url === undefined || token === undefined) return null;
  return createOnedev({ url, token, parent, userAgent: USER_AGENT, onExchange });
}

function archivesOn(onedev: Onedev | null, redact: Redact): V1Ports['archives'] {
  return onedev && { ...createArchives({ redact }), gitRemote: onedev.gitRemote };
}

function probesOf(config: Config): Record<ProbeName, () => Promise<Probe>> {
  const redact = createRedactor(config.secrets);
  return {
    github: () => probeGithub(createGithub(githubOptions(config.github)), redact),
    onedev: () => probeOnedev(onedevOf(config), redact),
    alerts: () => {
      const channels = createAlertChannels(config.alerts, USER_AGENT);
      return probeAlerts(channels, redact, (channel) => testNotice(channel, randomUUID(), new Date().toISOString()));
    },
  };
}
