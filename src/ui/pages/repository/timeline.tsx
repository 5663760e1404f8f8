import { Stack, Text, ThemeIcon, Timeline as Line } from '@mantine/core';
import { IconCheck, IconCircleDot, IconX } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { timelineQuery } from '../../api/queries.ts';
import type { Mirror, TimelineEntry } from '../../api/types.ts';
import { More } from '../../parts/paging.tsx';
import { Empty, Shown } from '../../parts/states.tsx';
import { Ago } from '../../parts/time.tsx';
import { actionWords } from '../../words.ts';
import { Attempt } from './attempt.tsx';

export function Timeline({ mirror }: { mirror: Mirror }) {
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
            <More asked={asked}>Show what was before</More>
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
