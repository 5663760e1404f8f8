import { Card, Group, Progress, SimpleGrid, Text } from '@mantine/core';
import { type ReactNode } from 'react';
import type { Stats } from '../../api/types.ts';
import { Button } from '@mantine/core';
import { api, ask } from '../../api/client.ts';
import { useAction, useMay } from '../../parts/actions.ts';
import { MirrorLink } from '../../parts/mirror-link.tsx';
import { Section } from '../../parts/page.tsx';
import { Ago } from '../../parts/time.tsx';
import { spanWords } from '../../words.ts';

export function Facts({ stats }: { stats: Stats }) {
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
      <Text size="sm" c="dimmed" style={{ flexShrink: 0 }}>
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
