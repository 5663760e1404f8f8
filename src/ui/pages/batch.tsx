import { Button, Group, Table, Text } from '@mantine/core';
import { IconListCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Refused } from '../api/client.ts';
import { batchQuery } from '../api/queries.ts';
import { PlainBadge } from '../parts/badges.tsx';
import { BatchBar, batchState, CancelBatch } from '../parts/batch-progress.tsx';
import { MirrorLink } from '../parts/mirror-link.tsx';
import { Page, Section } from '../parts/page.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { selectionWords, sentenceOf } from '../words.ts';

const route = getRouteApi('/batches/$batchId');

export function BatchPage() {
  const { batchId } = route.useParams();
  const asked = useQuery(batchQuery(batchId));
  if (asked.error instanceof Refused && asked.error.status === 404)
    return (
      <Empty title="There is no such batch" icon={<IconListCheck size={24} />}>
        <Button variant="light" mt="sm" renderRoot={(props) => <Link to="/batches" {...props} />}>
          All batches
        </Button>
      </Empty>
    );
  return (
    <Shown asked={asked} what="The batch">
      {({ batch, problems }) => (
        <Page
          title={
            <Group gap="sm">
              {selectionWords(batch.selection)}
              <PlainBadge {...batchState(batch.state)} />
            </Group>
          }
          about={
            <>
              Begun by {batch.requestedBy} <Ago at={batch.requestedAt} />
              {batch.finishedAt !== null && (
                <>
                  , ended <Ago at={batch.finishedAt} />
                </>
              )}
              {batch.note !== null && `. ${batch.note}`}
            </>
          }
          actions={<CancelBatch batch={batch} />}
        >
          <Section title="How far it is" id="progress">
            <BatchBar batch={batch} />
          </Section>
          {problems.length > 0 && (
            <Section title="What failed or was skipped" id="problems">
              <Table verticalSpacing="xs">
                <Table.Tbody>
                  {problems.map(({ mirrorId, fullName, state, note }) => (
                    <Table.Tr key={mirrorId}>
                      <Table.Td>
                        <Group gap="xs">
                          <MirrorLink mirrorId={mirrorId} fullName={fullName} />
                          <PlainBadge label={sentenceOf(state)} color={state === 'failed' ? 'red' : 'gray'} />
                        </Group>
                        <Text size="sm">{note}</Text>
                      </Table.Td>
                    </Table.Tr>
                  ))}
                </Table.Tbody>
              </Table>
              {problems.length >= 100 && (
                <Text size="xs" c="dimmed" mt="xs">
                  These are the first 100.
                </Text>
              )}
            </Section>
          )}
        </Page>
      )}
    </Shown>
  );
}
