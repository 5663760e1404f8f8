import { Anchor, Button, Card, Group, Stack, Text } from '@mantine/core';
import { IconListCheck, IconRefresh } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { api, ask } from '../api/client.ts';
import { batchesQuery, statsQuery } from '../api/queries.ts';
import { useAction, useMay } from '../parts/actions.ts';
import { PlainBadge } from '../parts/badges.tsx';
import { BatchBar, batchState, CancelBatch } from '../parts/batch-progress.tsx';
import { Page } from '../parts/page.tsx';
import { More } from '../parts/paging.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { selectionWords } from '../words.ts';

const route = getRouteApi('/batches');

export function Batches() {
  const asked = useInfiniteQuery(batchesQuery);
  return (
    <Page
      title="Batches"
      about="Many repositories synced in one go. A batch goes on when you close this page, and after a restart."
      actions={<Begin />}
    >
      <Shown asked={asked} what="The batches">
        {({ pages }) => {
          const batches = pages.flatMap((page) => page.batches);
          if (batches.length === 0)
            return (
              <Empty title="No batch yet" icon={<IconListCheck size={24} />}>
                Begin one above, or choose repositories in the list and press Sync.
              </Empty>
            );
          return (
            <Stack gap="sm">
              {batches.map((batch) => (
                <Card key={batch.batchId} withBorder component="article" aria-label={selectionWords(batch.selection)}>
                  <Group justify="space-between" mb="xs">
                    <Group gap="xs">
                      <Anchor
                        fw={550}
                        renderRoot={(props) => (
                          <Link to="/batches/$batchId" params={{ batchId: batch.batchId }} {...props} />
                        )}
                      >
                        {selectionWords(batch.selection)}
                      </Anchor>
                      <PlainBadge {...batchState(batch.state)} />
                    </Group>
                    <CancelBatch batch={batch} />
                  </Group>
                  <BatchBar batch={batch} />
                  <Text size="xs" c="dimmed" component="div" mt={4}>
                    Begun by {batch.requestedBy} <Ago at={batch.requestedAt} />
                    {batch.finishedAt !== null && (
                      <>
                        , ended <Ago at={batch.finishedAt} />
                      </>
                    )}
                    {batch.note !== null && `. ${batch.note}`}
                  </Text>
                </Card>
              ))}
              <More asked={asked}>Show older ones</More>
            </Stack>
          );
        }}
      </Shown>
    </Page>
  );
}

function Begin() {
  const may = useMay();
  const navigate = route.useNavigate();
  const stats = useQuery(statsQuery);
  const begin = useAction(
    (kind: 'all' | 'failed') => ask(api.POST('/batches', { body: { selection: { kind } } })),
    ({ joined }) => (joined ? 'Such a batch was running already.' : 'The batch has begun.'),
  );
  if (!may('operate')) return null;
  const start = (kind: 'all' | 'failed') =>
    begin.mutate(kind, {
      onSuccess: ({ batch: { batchId } }) => void navigate({ to: '/batches/$batchId', params: { batchId } }),
    });
  return (
    <>
      {(stats.data?.failing ?? 0) > 0 && (
        <Button size="xs" loading={begin.isPending} onClick={() => start('failed')}>
          Sync what failed
        </Button>
      )}
      <Button
        size="xs"
        variant="default"
        leftSection={<IconRefresh size={15} aria-hidden />}
        loading={begin.isPending}
        onClick={() => start('all')}
      >
        Sync everything
      </Button>
    </>
  );
}
