import { Box, Grid, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Navigate } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { statsQuery } from '../../api/queries.ts';
import type { Stats } from '../../api/types.ts';
import { Section } from '../../parts/page.tsx';
import { Loading, Shown } from '../../parts/states.tsx';
import { Sentence } from './sentence.tsx';
import { Failing, Stale } from './failing.tsx';
import { Waiting, PlannedDeletions } from './waiting.tsx';
import { Running } from './running.tsx';
import { Facts } from './facts.tsx';

const Charts = lazy(() => import('../../parts/day-charts.tsx'));

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
