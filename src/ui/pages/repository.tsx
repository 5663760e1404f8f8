import {
  Accordion,
  Alert,
  Anchor,
  Badge,
  Button,
  Code,
  Group,
  SimpleGrid,
  Stack,
  Table,
  Text,
  ThemeIcon,
  Timeline as Line,
} from '@mantine/core';
import {
  IconAlertTriangle,
  IconBrandGithub,
  IconCheck,
  IconCircleDot,
  IconExternalLink,
  IconFolderOff,
  IconServer,
  IconX,
} from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, ask, Refused } from '../api/client.ts';
import { deletionsQuery, facetsQuery, historyQuery, mirrorQuery, runningQuery, timelineQuery } from '../api/queries.ts';
import type { Mirror, Sync, Tip, TimelineEntry } from '../api/types.ts';
import { useAction, useMay } from '../parts/actions.ts';
import { StatusBadge } from '../parts/badges.tsx';
import { usePlaces } from '../parts/places.ts';
import {
  ApproveButton,
  DeleteButton,
  FollowButton,
  KeepButton,
  PauseButton,
  SyncButton,
  UndoButton,
} from '../parts/mirror-actions.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Empty, Loading, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { Transfer } from '../parts/transfer.tsx';
import {
  actionWords,
  adviceWords,
  bytesWords,
  dateWords,
  errorWords,
  phaseWords,
  plural,
  spanWords,
  STATUS_WORDS,
  triggerWords,
} from '../words.ts';

const route = getRouteApi('/repositories/$mirrorId');

export function Repository() {
  const { mirrorId } = route.useParams();
  const mirror = useQuery(mirrorQuery(mirrorId));
  if (mirror.error instanceof Refused && mirror.error.status === 404) {
    return (
      <Empty title="There is no such repository here" icon={<IconFolderOff size={24} />}>
        <p>Nothing is known of {mirrorId}. It may have been typed wrongly, or never been starred.</p>
        <Button variant="light" renderRoot={(props) => <Link to="/repositories" {...props} />}>
          All repositories
        </Button>
      </Empty>
    );
  }
  return (
    <Shown asked={mirror} what="The repository" lines={8}>
      {(data) => <Details mirror={data} />}
    </Shown>
  );
}

function Details({ mirror }: { mirror: Mirror }) {
  return (
    <Page
      title={
        <Group gap="sm" style={{ overflowWrap: 'anywhere' }}>
          {mirror.fullName}
          <StatusBadge status={mirror.status} size="lg" />
        </Group>
      }
      about={
        <>
          {mirror.description !== null && <Text>{mirror.description}</Text>}
          <Links mirror={mirror} />
        </>
      }
      actions={<Actions mirror={mirror} />}
    >
      <Trouble mirror={mirror} />
      <Now mirror={mirror} />
      <Facts mirror={mirror} />
      <Section title="What happened" id="timeline">
        <Timeline mirror={mirror} />
      </Section>
      {mirror.projectPath !== null && mirror.status !== 'deleted' && <Tips mirror={mirror} />}
    </Page>
  );
}

function Links({ mirror: { htmlUrl, projectPath, mirrorId } }: { mirror: Mirror }) {
  const places = usePlaces();
  const onedev = projectPath !== null && places.onedev !== null ? `${places.onedev}/${projectPath}` : null;
  return (
    <Group gap="md" mt={4}>
      {htmlUrl !== null && (
        <Outside href={htmlUrl} icon={<IconBrandGithub size={16} aria-hidden />}>
          On GitHub
        </Outside>
      )}
      {onedev !== null ? (
        <Outside href={onedev} icon={<IconServer size={16} aria-hidden />}>
          On OneDev
        </Outside>
      ) : (
        projectPath !== null && (
          <Group gap={4}>
            <IconServer size={16} aria-hidden />
            <Text size="sm">{projectPath} on OneDev</Text>
          </Group>
        )
      )}
      {places.temporalUi !== null && (
        <Outside href={`${places.temporalUi}/workflows/mirror-${encodeURIComponent(mirrorId)}`}>
          Its workflow in Temporal
        </Outside>
      )}
    </Group>
  );
}

/** A link out of Starkeep: the other server is not told where from. */
function Outside({ href, icon, children }: { href: string; icon?: ReactNode; children: ReactNode }) {
  return (
    <Anchor href={href} target="_blank" rel="noreferrer noopener" size="sm">
      <Group gap={4} wrap="nowrap" component="span">
        {icon}
        {children}
        <IconExternalLink size={13} aria-label="(opens in a new tab)" />
      </Group>
    </Anchor>
  );
}

function Actions({ mirror }: { mirror: Mirror }) {
  const deletions = useInfiniteQuery(deletionsQuery('open'));
  const open = deletions.data?.pages.flatMap((page) => page.deletions);
  const deletion = open?.find(({ mirrorId }) => mirrorId === mirror.mirrorId);
  const { status } = mirror;
  const isGone = status === 'deleted';
  const isKept = mirror.pinned || mirror.keptBy !== null;
  const isFailing = status === 'failed' || status === 'permanent_failure';
  return (
    <>
      {status === 'held' && <FollowButton mirror={mirror} />}
      {!isGone && !mirror.paused && status !== 'pending_deletion' && <SyncButton mirror={mirror} isRetry={isFailing} />}
      {!isGone && (mirror.paused || status !== 'pending_deletion') && (
        <PauseButton mirror={mirror} paused={mirror.paused} />
      )}
      {deletion && <UndoButton mirror={mirror} />}
      {!isGone && !isKept && !deletion && <KeepButton mirror={mirror} />}
      {deletion ? (
        <ApproveButton deletion={deletion} />
      ) : (
        !isGone && !mirror.starred && mirror.projectPath !== null && <DeleteButton mirror={mirror} />
      )}
    </>
  );
}

/** Why it is not safe, and what to do: first of all. */
function Trouble({ mirror }: { mirror: Mirror }) {
  const { status, errorKind, whatToDo, note, retryCount, nextAttemptAt, deleteAt } = mirror;
  const isFailing = status === 'failed' || status === 'permanent_failure';
  if (isFailing) {
    return (
      <Alert
        color={status === 'failed' ? 'orange' : 'red'}
        icon={<IconAlertTriangle />}
        title={errorKind === null ? 'It failed' : errorWords(errorKind)}
      >
        <Stack gap="xs">
          {whatToDo !== null && <Text size="sm">{adviceWords(errorKind, whatToDo)}</Text>}
          <Text size="sm" c="dimmed">
            {retryCount > 0 && `${plural(retryCount, 'attempt')} failed so far. `}
            {nextAttemptAt !== null && (
              <>
                Tried again by itself <Ago at={nextAttemptAt} />.
              </>
            )}
            {status === 'permanent_failure' &&
              nextAttemptAt === null &&
              'It is not tried again by itself: press Retry now when the cause is mended.'}
          </Text>
          {note !== null && <WhatItSaid text={note} />}
        </Stack>
      </Alert>
    );
  }
  if (status === 'completed' || status === 'in_progress' || status === 'pending') return null;
  const { color, meaning } = STATUS_WORDS[status];
  return (
    <Alert color={color} icon={<IconCircleDot />} title={meaning}>
      {note !== null && <Text size="sm">{note}</Text>}
      {deleteAt !== null && (
        <Text size="sm">
          It is deleted on {dateWords(deleteAt)} (<Ago at={deleteAt} />
          ), unless somebody keeps it or you star it again.
        </Text>
      )}
    </Alert>
  );
}

/** The words of whoever failed, folded: not for everybody, and there for who needs them. */
function WhatItSaid({ text }: { text: string }) {
  return (
    <details>
      <Text component="summary" size="sm" style={{ cursor: 'pointer' }}>
        What it said
      </Text>
      <Code block mt="xs">
        {text}
      </Code>
    </details>
  );
}

function Now({ mirror }: { mirror: Mirror }) {
  const running = useQuery(runningQuery);
  const transfer = running.data?.transfers.find(({ mirrorId }) => mirrorId === mirror.mirrorId);
  if (!transfer) return null;
  return (
    <Section title="Syncing now" id="now">
      <Transfer transfer={transfer} named={false} />
    </Section>
  );
}

function Facts({ mirror }: { mirror: Mirror }) {
  const { lfs, declined, declinedCount } = mirror;
  const kept = mirror.pinned ? 'added by hand' : mirror.keptBy !== null ? `said ${mirror.keptBy}` : null;
  return (
    <Section title="About it" id="about">
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 6 }} spacing="md">
        <Fact name="Last synced">
          <Ago at={mirror.lastSyncedAt} />
        </Fact>
        <Fact name="Last looked at">
          <Ago at={mirror.lastCheckedAt} />
        </Fact>
        <Fact name="Pushed on GitHub">
          <Ago at={mirror.pushedAt} none="–" />
        </Fact>
        <Fact name="Size">{mirror.bytes === 0 ? 'not known' : bytesWords(mirror.bytes)}</Fact>
        <Fact name="Branches and tags">{mirror.refs?.toLocaleString('en') ?? 'not known yet'}</Fact>
        <Fact name="Default branch">{mirror.defaultBranch ?? '–'}</Fact>
        <Fact name="Language">{mirror.language ?? '–'}</Fact>
        <Fact name="Stars">{mirror.stars.toLocaleString('en')}</Fact>
        <Fact name="Starred by you">{mirror.starred ? 'yes' : 'no'}</Fact>
        <Fact name="Kept for ever">{kept === null ? 'no' : `yes, ${kept}`}</Fact>
        <Fact name="Visibility">
          {mirror.visibility ?? 'not known'}
          {mirror.fork && ', a fork'}
          {mirror.archived && ', archived'}
        </Fact>
        {lfs !== null && (
          <Fact name="LFS objects">
            {lfs.objects.toLocaleString('en')}
            {lfs.failed > 0 && `, ${lfs.failed} missing`}
          </Fact>
        )}
      </SimpleGrid>
      {declinedCount > 0 && (
        <Alert color="yellow" mt="md" title={`OneDev declined ${plural(declinedCount, 'ref')}`}>
          {declined.map(({ name, reason }) => (
            <Text key={name} size="sm">
              <Code>{name}</Code> {reason}
            </Text>
          ))}
        </Alert>
      )}
    </Section>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {name}
      </Text>
      <Text size="sm" component="div" style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </div>
  );
}

function Timeline({ mirror }: { mirror: Mirror }) {
  const asked = useInfiniteQuery(timelineQuery(mirror.mirrorId));
  return (
    <Shown asked={asked} what="What happened">
      {({ pages }) => {
        const entries = pages.flatMap((page) => page.entries);
        if (entries.length === 0)
          return <Empty title="Nothing happened yet">Its first sync writes the first line.</Empty>;
        return (
          <Stack>
            <Line bulletSize={24} lineWidth={2}>
              {entries.map((entry) => (
                <Line.Item key={keyOf(entry)} bullet={<Bullet entry={entry} />}>
                  {entry.kind === 'sync' ? <Attempt sync={entry.sync} mirror={mirror} /> : <Event entry={entry} />}
                </Line.Item>
              ))}
            </Line>
            {asked.hasNextPage && (
              <Button
                variant="default"
                size="xs"
                onClick={() => void asked.fetchNextPage()}
                loading={asked.isFetchingNextPage}
                style={{ alignSelf: 'flex-start' }}
              >
                Show what was before
              </Button>
            )}
          </Stack>
        );
      }}
    </Shown>
  );
}

function keyOf(entry: TimelineEntry): string {
  return entry.kind === 'sync' ? `sync-${entry.sync.syncId}` : `${entry.at}-${entry.action}-${entry.actor}`;
}

function Bullet({ entry }: { entry: TimelineEntry }) {
  if (entry.kind === 'event')
    return (
      <ThemeIcon size={22} radius="xl" variant="light" color="gray" aria-hidden>
        <IconCircleDot size={14} />
      </ThemeIcon>
    );
  const isDone = entry.sync.outcome === 'completed';
  return (
    <ThemeIcon size={22} radius="xl" variant="light" color={isDone ? 'green' : 'red'} aria-hidden>
      {isDone ? <IconCheck size={14} /> : <IconX size={14} />}
    </ThemeIcon>
  );
}

function Event({ entry }: { entry: Extract<TimelineEntry, { kind: 'event' }> }) {
  const reason = entry.details['reason'];
  return (
    <>
      <Text size="sm">
        {actionWords(entry.action)}
        {entry.actor !== 'starkeep' && entry.actor !== '' && (
          <Text span c="dimmed">
            {' '}
            by {entry.actor}
          </Text>
        )}
      </Text>
      {typeof reason === 'string' && <Text size="sm">{reason}</Text>}
      <Text size="xs" c="dimmed">
        <Ago at={entry.at} />
      </Text>
    </>
  );
}

const REF_WORDS: Record<string, string> = {
  created: 'new',
  updated: 'moved on',
  forced: 'rewritten',
  deleted: 'removed',
  archived: 'old tips archived',
  declined: 'declined by OneDev',
};

/** One attempt: a line, that opens to all there is to know of it. */
function Attempt({ sync, mirror }: { sync: Sync; mirror: Mirror }) {
  const isDone = sync.outcome === 'completed';
  const changed = Object.entries(sync.refs ?? {}).filter(([name, count]) => count > 0 && name in REF_WORDS);
  const tookMs = new Date(sync.finishedAt).getTime() - new Date(sync.startedAt).getTime();
  const summary = isDone
    ? changed.length === 0
      ? 'Synced, nothing to change'
      : `Synced: ${changed.map(([name, count]) => `${count.toLocaleString('en')} ${REF_WORDS[name]}`).join(', ')}`
    : errorWords(sync.errorKind);
  return (
    <Accordion
      variant="default"
      chevronPosition="right"
      styles={{ item: { border: 0 }, control: { paddingInline: 4 } }}
      mt={-8}
    >
      <Accordion.Item value={sync.syncId}>
        <Accordion.Control>
          <Text size="sm" fw={500}>
            {summary}
          </Text>
          <Text size="xs" c="dimmed" component="div">
            <Ago at={sync.finishedAt} />, took {spanWords(tookMs)}
            {sync.bytes !== null && sync.bytes > 0 && `, ${bytesWords(sync.bytes)}`}
            {sync.attempt > 1 && `, attempt ${sync.attempt}`}
          </Text>
        </Accordion.Control>
        <Accordion.Panel>
          <Stack gap="sm">
            {!isDone && <Why sync={sync} mirror={mirror} />}
            <Text size="sm">
              Set off by {triggerWords(sync.trigger)}.
              {sync.objects !== null && sync.objects > 0 && ` ${plural(sync.objects, 'object')} moved.`}
            </Text>
            {sync.phases.length > 0 && (
              <Table withRowBorders={false} verticalSpacing={2} maw={420}>
                <Table.Tbody>
                  {sync.phases.map(({ name, durationMs }, place) => (
                    <Table.Tr key={`${name}-${place}`}>
                      <Table.Td>{phaseWords(name)}</Table.Td>
                      <Table.Td ta="right">{spanWords(durationMs)}</Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
            )}
            {changed.length > 0 && (
              <Group gap={6}>
                {changed.map(([name, count]) => (
                  <Badge key={name} variant="light" color="gray" tt="none">
                    {count.toLocaleString('en')} {REF_WORDS[name]}
                  </Badge>
                ))}
              </Group>
            )}
            <Run sync={sync} />
          </Stack>
        </Accordion.Panel>
      </Accordion.Item>
    </Accordion>
  );
}

function Why({ sync, mirror }: { sync: Sync; mirror: Mirror }) {
  const facets = useQuery(facetsQuery);
  const known = facets.data?.errorKinds.find(({ value }) => value === sync.errorKind);
  const whatToDo = mirror.errorKind === sync.errorKind ? mirror.whatToDo : known?.whatToDo;
  return (
    <Alert color="red" title={errorWords(sync.errorKind)} icon={<IconAlertTriangle />}>
      {whatToDo && <Text size="sm">{adviceWords(sync.errorKind, whatToDo)}</Text>}
      {sync.errorMessage !== null && <WhatItSaid text={sync.errorMessage} />}
    </Alert>
  );
}

function Run({ sync: { workflowId, runId, correlationId } }: { sync: Sync }) {
  const { temporalUi } = usePlaces();
  return (
    <Text size="xs" c="dimmed" component="div">
      {temporalUi !== null && (
        <>
          <Outside href={`${temporalUi}/workflows/${encodeURIComponent(workflowId)}/${runId}`}>
            Its run in Temporal
          </Outside>
          <br />
        </>
      )}
      In the log: <Code>{correlationId}</Code>
    </Text>
  );
}

function Tips({ mirror }: { mirror: Mirror }) {
  const history = useQuery({ ...historyQuery(mirror.mirrorId), retry: false });
  if (history.error instanceof Refused && history.error.status === 409) return null;
  return (
    <Section title="Archived tips" id="tips">
      {history.isPending ? (
        <Loading what="the archived tips" lines={2} />
      ) : (
        <Shown asked={history} what="The archived tips">
          {({ tips }) =>
            tips.length === 0 ? (
              <Text size="sm" c="dimmed">
                None. When upstream rewrites or removes a branch, its old tip is kept here and can be brought back.
              </Text>
            ) : (
              <Table.ScrollContainer minWidth={500} scrollAreaProps={{ viewportProps: { tabIndex: 0 } }}>
                <Table verticalSpacing="xs">
                  <Table.Thead>
                    <Table.Tr>
                      <Table.Th>What it was</Table.Th>
                      <Table.Th>Commit</Table.Th>
                      <Table.Th>Archived</Table.Th>
                      <Table.Th>
                        <span aria-hidden />
                      </Table.Th>
                    </Table.Tr>
                  </Table.Thead>
                  <Table.Tbody>
                    {[...tips].reverse().map((tip) => (
                      <TipRow key={tip.name} tip={tip} mirror={mirror} />
                    ))}
                  </Table.Tbody>
                </Table>
              </Table.ScrollContainer>
            )
          }
        </Shown>
      )}
    </Section>
  );
}

function TipRow({ tip, mirror }: { tip: Tip; mirror: Mirror }) {
  const may = useMay();
  const name = tip.of.replace(/^refs\/(heads\/)?/, '');
  const restore = useAction(
    () =>
      ask(
        api.POST('/mirrors/{id}/restore', {
          params: { path: { id: mirror.mirrorId } },
          body: { branch: name, ...(tip.archivedAt === null ? {} : { at: tip.archivedAt }) },
        }),
      ),
    ({ ref, created }) => (created ? `It is there again as ${short(ref)}.` : `It was there already as ${short(ref)}.`),
  );
  return (
    <Table.Tr>
      <Table.Td>{name}</Table.Td>
      <Table.Td>
        <Code>{tip.oid.slice(0, 10)}</Code>
      </Table.Td>
      <Table.Td>
        <Ago at={tip.archivedAt} none="not known" />
      </Table.Td>
      <Table.Td ta="right">
        {tip.restoredAs !== null ? (
          <Text size="sm" c="dimmed">
            back as {short(tip.restoredAs)}
          </Text>
        ) : (
          may('operate') && (
            <Button
              size="compact-sm"
              variant="default"
              loading={restore.isPending}
              onClick={() => restore.mutate()}
              aria-label={`Restore ${name}, ${tip.oid.slice(0, 10)}`}
            >
              Restore
            </Button>
          )
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function short(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '');
}
