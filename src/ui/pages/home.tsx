import { Anchor, Box, Card, Grid, Group, Progress, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconMoodSmile } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link, Navigate } from '@tanstack/react-router';
import { Fragment, lazy, Suspense, type ReactNode } from 'react';
import { deletionsQuery, runningQuery, someMirrorsQuery, statsQuery } from '../api/queries.ts';
import type { Deletion, Mirror, Stats } from '../api/types.ts';
import { Badge, Button } from '@mantine/core';
import { api, ask } from '../api/client.ts';
import { useAction, useMay } from '../parts/actions.ts';
import { StatusBadge } from '../parts/badges.tsx';
import { ApproveButton, FollowButton, SyncButton, UndoButton } from '../parts/mirror-actions.tsx';
import { MirrorLink } from '../parts/mirror-link.tsx';
import { Section } from '../parts/page.tsx';
import { Loading, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { Transfer } from '../parts/transfer.tsx';
import { adviceWords, dateWords, errorWords, plural, spanWords } from '../words.ts';

const Charts = lazy(() => import('../parts/day-charts.tsx'));

const SHOWN = 8;

/** Is everything I starred safe? The answer in a sentence, then what is in its way, with its button. */
export function Home() {
  const stats = useQuery(statsQuery);
  return (
    <Box maw={1400} mx="auto">
      <Shown asked={stats} what="the state of your mirrors" lines={6}>
        {(data) =>
          data.login === null && data.mirrors.total === 0 ? <Navigate to="/start" replace /> : <State stats={data} />
        }
      </Shown>
    </Box>
  );
}

function State({ stats }: { stats: Stats }) {
  return (
    <Stack gap="lg">
      <Sentence stats={stats} />
      <Grid gap="md" align="flex-start">
        <Grid.Col span={{ base: 12, lg: 8 }}>
          <Stack gap="md">
            {stats.failing > 0 && <Failing count={stats.failing} />}
            {stats.waiting > 0 && <Waiting />}
            <PlannedDeletions />
            <Running />
            {stats.stale > 0 && <Stale count={stats.stale} />}
            <Section title="The last 30 days" id="days">
              <Suspense fallback={<Loading what="the chart" lines={6} />}>
                <Charts days={stats.days} />
              </Suspense>
            </Section>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 4 }}>
          <Facts stats={stats} />
        </Grid.Col>
      </Grid>
    </Stack>
  );
}

function Sentence({ stats: { mirrors, failing, waiting, running } }: { stats: Stats }) {
  const isFine = failing === 0 && waiting === 0;
  const parts: { key: string; node: ReactNode }[] = [];
  if (failing > 0)
    parts.push({
      key: 'failing',
      node: (
        <Anchor
          inherit
          underline="always"
          c="red"
          renderRoot={(props) => (
            <Link to="/repositories" search={{ status: ['failed', 'permanent_failure'] }} {...props} />
          )}
        >
          {failing.toLocaleString('en')} failing
        </Anchor>
      ),
    });
  if (waiting > 0)
    parts.push({
      key: 'waiting',
      node: (
        <Text inherit span c="violet">
          {waiting.toLocaleString('en')} waiting for your decision
        </Text>
      ),
    });
  if (isFine && running > 0) parts.push({ key: 'running', node: `${running.toLocaleString('en')} syncing now` });
  const isAll = mirrors.safe === mirrors.total;
  return (
    <Group gap="sm" wrap="nowrap" align="flex-start">
      <Box c={failing > 0 ? 'red' : isFine ? 'green' : 'violet'} pt={4} aria-hidden>
        {failing > 0 ? <IconAlertTriangle size={30} /> : <IconMoodSmile size={30} />}
      </Box>
      <Title order={1} size="h2" data-testid="state">
        {mirrors.total === 0
          ? 'Nothing is mirrored yet'
          : isAll
            ? `All ${mirrors.total.toLocaleString('en')} safe`
            : `${mirrors.safe.toLocaleString('en')} of ${mirrors.total.toLocaleString('en')} safe`}
        {parts.map(({ key, node }) => (
          <Fragment key={key}> · {node}</Fragment>
        ))}
      </Title>
    </Group>
  );
}

function Failing({ count }: { count: number }) {
  const failing = useQuery(someMirrorsQuery({ status: ['permanent_failure', 'failed'] }, SHOWN));
  return (
    <Section
      title="Failing now"
      id="failing"
      aside={
        count > SHOWN && (
          <Anchor
            size="sm"
            renderRoot={(props) => (
              <Link to="/repositories" search={{ status: ['failed', 'permanent_failure'] }} {...props} />
            )}
          >
            All {count.toLocaleString('en')}
          </Anchor>
        )
      }
    >
      <Shown asked={failing} what="What is failing">
        {({ mirrors }) => (
          <Stack gap={0}>
            {mirrors.map((mirror) => (
              <Row key={mirror.mirrorId} mirror={mirror} actions={<SyncButton mirror={mirror} isRetry />}>
                <Reason mirror={mirror} />
              </Row>
            ))}
          </Stack>
        )}
      </Shown>
    </Section>
  );
}

/** What happened, what to do about it, and what happens by itself. */
export function Reason({ mirror }: { mirror: Mirror }) {
  const { errorKind, whatToDo, note, retryCount, nextAttemptAt } = mirror;
  return (
    <>
      <Text size="sm" fw={500}>
        {errorKind === null ? (note ?? 'It failed.') : `${errorWords(errorKind)}.`}
      </Text>
      {whatToDo !== null && (
        <Text size="sm" c="dimmed">
          {adviceWords(errorKind, whatToDo)}
        </Text>
      )}
      {(retryCount > 0 || nextAttemptAt !== null) && (
        <Text size="xs" c="dimmed">
          {retryCount > 0 && `${plural(retryCount, 'attempt')} failed so far. `}
          {nextAttemptAt !== null && (
            <>
              Tried again by itself <Ago at={nextAttemptAt} />.
            </>
          )}
        </Text>
      )}
    </>
  );
}

function Row({
  mirror,
  actions,
  children,
}: {
  mirror: Pick<Mirror, 'mirrorId' | 'fullName' | 'status'>;
  actions: ReactNode;
  children: ReactNode;
}) {
  return (
    <Group
      justify="space-between"
      align="flex-start"
      py="sm"
      gap="sm"
      style={{ borderTop: '1px solid var(--mantine-color-default-border)' }}
    >
      <Box flex={1} miw={220}>
        <Group gap="xs" mb={2}>
          <MirrorLink {...mirror} />
          <StatusBadge status={mirror.status} size="sm" />
        </Group>
        {children}
      </Box>
      <Group gap="xs">{actions}</Group>
    </Group>
  );
}

function Waiting() {
  const held = useQuery(someMirrorsQuery({ status: ['held'] }, SHOWN));
  const deletions = useInfiniteQuery(deletionsQuery('open'));
  const waiting = allOf(deletions.data?.pages).filter(({ state }) => state === 'waiting_for_approval');
  const mirrors = held.data?.mirrors ?? [];
  return (
    <Section title="Waiting for your decision" id="waiting">
      <Stack gap={0}>
        {mirrors.map((mirror) => (
          <Row key={mirror.mirrorId} mirror={mirror} actions={<FollowButton mirror={mirror} />}>
            <Text size="sm">{mirror.note ?? 'Upstream rewrote or removed branches.'}</Text>
          </Row>
        ))}
        {waiting.map((deletion) => (
          <Row
            key={deletion.mirrorId}
            mirror={{ ...deletion, status: 'pending_deletion' }}
            actions={
              <>
                <UndoButton mirror={deletion} />
                <ApproveButton deletion={deletion} />
              </>
            }
          >
            <Text size="sm">{deletion.reason ?? 'Its deletion waits for a person.'}</Text>
          </Row>
        ))}
        {held.data && deletions.data && mirrors.length === 0 && waiting.length === 0 && (
          <Text size="sm">
            A reading of your stars lacks more of them than may go at once, so nothing was concluded from it. On the
            machine Starkeep runs on, <code>starkeep deletions</code> shows which, and how to go on.
          </Text>
        )}
      </Stack>
    </Section>
  );
}

function allOf(pages: { deletions: Deletion[] }[] | undefined): Deletion[] {
  return pages?.flatMap((page) => page.deletions) ?? [];
}

function PlannedDeletions() {
  const deletions = useInfiniteQuery(deletionsQuery('open'));
  const planned = allOf(deletions.data?.pages).filter(({ state }) => state !== 'waiting_for_approval');
  if (planned.length === 0) return null;
  return (
    <Section
      title="About to be deleted"
      id="deletions"
      aside={
        <Anchor size="sm" renderRoot={(props) => <Link to="/deletions" {...props} />}>
          All deletions
        </Anchor>
      }
    >
      <Stack gap={0}>
        {planned.slice(0, SHOWN).map((deletion) => (
          <Row
            key={deletion.mirrorId}
            mirror={{ ...deletion, status: 'pending_deletion' }}
            actions={<UndoButton mirror={deletion} />}
          >
            <Text size="sm">
              No longer starred. Deleted on OneDev{' '}
              {deletion.dueAt === null ? (
                'when a person approves'
              ) : (
                <>
                  on {dateWords(deletion.dueAt)} (<Ago at={deletion.dueAt} />)
                </>
              )}
              .
            </Text>
          </Row>
        ))}
      </Stack>
    </Section>
  );
}

function Running() {
  const running = useQuery(runningQuery);
  const transfers = running.data?.transfers ?? [];
  if (transfers.length === 0) return null;
  return (
    <Section title="Syncing now" id="running" aside={<Badge variant="light">{transfers.length}</Badge>}>
      <Stack gap="md">
        {transfers.slice(0, SHOWN).map((transfer) => (
          <Transfer key={transfer.mirrorId} transfer={transfer} />
        ))}
        {transfers.length > SHOWN && (
          <Text size="sm" c="dimmed">
            and {transfers.length - SHOWN} more
          </Text>
        )}
      </Stack>
    </Section>
  );
}

function Stale({ count }: { count: number }) {
  const stale = useQuery(someMirrorsQuery({ stale: true }, 5));
  return (
    <Section
      title="Not looked at for a day"
      id="stale"
      aside={
        <Anchor size="sm" renderRoot={(props) => <Link to="/repositories" search={{ stale: true }} {...props} />}>
          All {count.toLocaleString('en')}
        </Anchor>
      }
    >
      <Shown asked={stale} what="What is stale">
        {({ mirrors }) => (
          <Stack gap={0}>
            {mirrors.map((mirror) => (
              <Row key={mirror.mirrorId} mirror={mirror} actions={<SyncButton mirror={mirror} />}>
                <Text size="sm" c="dimmed">
                  Last looked at <Ago at={mirror.lastCheckedAt} />.
                </Text>
              </Row>
            ))}
          </Stack>
        )}
      </Shown>
    </Section>
  );
}

function Facts({ stats }: { stats: Stats }) {
  const { sweep, github, oldestSuccess, inbox, login } = stats;
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 1 }} spacing="md">
      <Section title="Your stars" id="stars" aside={<ReadStars />}>
        <Fact name="Of">{login ?? 'not known yet'}</Fact>
        <Fact name="Last read">
          <Ago at={sweep.lastAt} />
          {sweep.lastOutcome !== null && ` (${sweep.lastOutcome.replaceAll('_', ' ')})`}
        </Fact>
        <Fact name="Last complete reading">
          <Ago at={sweep.lastFullAt} />
        </Fact>
        <Fact name="Next">
          <Ago at={sweep.nextAt} none="not planned" />
        </Fact>
        <Fact name="Every">{spanWords(sweep.everyMs)}</Fact>
      </Section>
      <Section title="GitHub’s hourly budget" id="budget">
        {github === null ? (
          <Text size="sm" c="dimmed">
            GitHub has not been asked yet.
          </Text>
        ) : (
          <>
            <Progress
              value={(github.remaining / Math.max(1, github.limit)) * 100}
              color={github.remaining < github.limit / 10 ? 'orange' : 'blue'}
              aria-label="What is left of GitHub’s hourly budget"
              mb="xs"
            />
            <Text size="sm">
              {github.remaining.toLocaleString('en')} of {github.limit.toLocaleString('en')} requests left
            </Text>
            <Text size="xs" c="dimmed">
              Full again <Ago at={github.resetAt} />, seen <Ago at={github.seenAt} />
            </Text>
          </>
        )}
      </Section>
      <Card withBorder component="section" aria-label="More">
        <Fact name="Oldest successful sync">
          {oldestSuccess === null ? (
            'none yet'
          ) : (
            <>
              <MirrorLink {...oldestSuccess} />, <Ago at={oldestSuccess.at} />
            </>
          )}
        </Fact>
        <Fact name="Webhooks waiting">
          {inbox.waiting === 0
            ? 'none'
            : `${inbox.waiting.toLocaleString('en')}, the oldest for ${spanWords(inbox.oldestSeconds * 1_000)}`}
        </Fact>
      </Card>
    </SimpleGrid>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Group justify="space-between" gap="xs" py={3} wrap="nowrap" align="flex-start">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text size="sm" component="div" ta="right">
        {children}
      </Text>
    </Group>
  );
}

function ReadStars() {
  const may = useMay();
  const read = useAction(
    () => ask(api.POST('/reconcile', { body: { full: true } })),
    ({ joined }) => (joined ? 'A reading of your stars was running already.' : 'Your stars are read now.'),
  );
  if (!may('operate')) return null;
  return (
    <Button size="compact-sm" variant="default" loading={read.isPending} onClick={() => read.mutate()}>
      Read now
    </Button>
  );
}
