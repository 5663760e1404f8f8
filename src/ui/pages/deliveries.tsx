import { Alert, Button, Code, Drawer, Group, Select, Stack, Table, Text } from '@mantine/core';
import { IconRepeat, IconSearch, IconWebhook } from '@tabler/icons-react';
import { keepPreviousData, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';
import { api, ask } from '../api/client.ts';
import { deliveriesQuery, deliveryQuery } from '../api/queries.ts';
import type { Delivery, DeliveryDetail, DeliveryFilters } from '../api/types.ts';
import { useAction, useMay } from '../parts/actions.ts';
import { PlainBadge } from '../parts/badges.tsx';
import { DataTable, type Column } from '../parts/data-table.tsx';
import { Page } from '../parts/page.tsx';
import { useRows } from '../parts/paging.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';
import { TypedField } from '../parts/typed-field.tsx';
import { PAGE_SEARCH } from '../shell/shortcuts.ts';

const route = getRouteApi('/deliveries');

const EVENTS = ['push', 'star', 'create', 'delete', 'release', 'repository', 'public', 'ping'];

export function Deliveries() {
  const { guid, ...filters } = route.useSearch();
  const navigate = route.useNavigate();
  const change = useCallback(
    (changes: Partial<DeliveryFilters> & { guid?: string | undefined }) =>
      void navigate({ search: (before) => ({ ...before, ...changes }), replace: true }),
    [navigate],
  );
  const asked = useInfiniteQuery({ ...deliveriesQuery(filters), placeholderData: keepPreviousData });
  const { rows, ...more } = useRows(asked, deliveriesOf);
  const columns = useMemo(() => columnsWith((delivery) => change({ guid: delivery.guid })), [change]);
  const isFiltered = Object.values(filters).some((value) => value !== undefined);
  return (
    <Page
      title="Deliveries"
      about="Webhooks that GitHub sent, signed with your secret. Each only makes Starkeep look; what it does follows from what GitHub says then."
    >
      <Filters filters={filters} change={change} />
      <Shown asked={asked} what="The deliveries" lines={8}>
        {() =>
          rows.length === 0 ? (
            <Empty title={isFiltered ? 'No delivery fits' : 'No webhook has come yet'} icon={<IconWebhook size={24} />}>
              {!isFiltered &&
                'Starkeep works without any: your stars are read on a schedule. A GitHub App or a webhook makes it quicker.'}
            </Empty>
          ) : (
            <DataTable
              label="Deliveries"
              columns={columns}
              rows={rows}
              rowId={(delivery) => delivery.guid}
              {...more}
              onOpen={(delivery) => change({ guid: delivery.guid })}
            />
          )
        }
      </Shown>
      <Detail guid={guid} onClose={() => change({ guid: undefined })} />
    </Page>
  );
}

function deliveriesOf({ deliveries }: { deliveries: Delivery[] }): Delivery[] {
  return deliveries;
}

function columnsWith(open: (delivery: Delivery) => void): Column<Delivery>[] {
  return [
    {
      id: 'event',
      header: 'Event',
      cell: (delivery) => (
        <Button variant="transparent" size="compact-sm" px={0} onClick={() => open(delivery)}>
          {eventWords(delivery)}
        </Button>
      ),
    },
    { id: 'fullName', header: 'Repository', cell: ({ fullName }) => fullName ?? '–' },
    { id: 'outcome', header: 'What became of it', cell: (delivery) => <Outcome delivery={delivery} /> },
    { id: 'receivedAt', header: 'Received', from: 'sm', width: 150, cell: ({ receivedAt }) => <Ago at={receivedAt} /> },
  ];
}

function eventWords({ event, action }: Delivery): string {
  return action === null ? event : `${event}, ${action}`;
}

function Outcome({ delivery: { outcome, dispatchedAt } }: { delivery: Delivery }) {
  if (outcome === 'ignored') return <PlainBadge label="Ignored" color="gray" />;
  if (dispatchedAt === null) return <PlainBadge label="Waiting" color="yellow" />;
  return <PlainBadge label="Passed on" color="green" />;
}

function Filters({
  filters,
  change,
}: {
  filters: DeliveryFilters;
  change: (changes: Partial<DeliveryFilters>) => void;
}) {
  return (
    <Group gap="xs">
      <TypedField
        id={PAGE_SEARCH}
        aria-label="Of a repository"
        placeholder="owner/name"
        leftSection={<IconSearch size={16} aria-hidden />}
        value={filters.fullName}
        onChange={(fullName) => change({ fullName })}
        flex="1 1 200px"
        maw={360}
      />
      <Select
        aria-label="Event"
        placeholder="Any event"
        data={[...new Set([...EVENTS, ...(filters.event ? [filters.event] : [])])]}
        value={filters.event ?? null}
        onChange={(event) => change({ event: event ?? undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Any event' }}
        w={160}
      />
      <Select
        aria-label="What became of it"
        placeholder="Anything"
        data={[
          { value: 'accepted', label: 'Accepted' },
          { value: 'ignored', label: 'Ignored' },
        ]}
        value={filters.outcome ?? null}
        onChange={(outcome) => change({ outcome: outcome ?? undefined })}
        clearable
        clearButtonProps={{ 'aria-label': 'Anything' }}
        w={160}
      />
    </Group>
  );
}

function Detail({ guid, onClose }: { guid: string | undefined; onClose: () => void }) {
  const delivery = useQuery({ ...deliveryQuery(guid ?? ''), enabled: guid !== undefined });
  return (
    <Drawer
      opened={guid !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title="Delivery"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Shown asked={delivery} what="The delivery">
        {(data) => <Facts delivery={data} />}
      </Shown>
    </Drawer>
  );
}

function Facts({ delivery }: { delivery: DeliveryDetail }) {
  const may = useMay();
  const replay = useAction(
    () => ask(api.POST('/deliveries/{guid}/replay', { params: { path: { guid: delivery.guid } } })),
    'It was passed on once more.',
  );
  const { ignoredReason, repoEvent, correlationId } = delivery;
  return (
    <Stack>
      <Table variant="vertical" layout="auto">
        <Table.Tbody>
          <Line name="Event">{eventWords(delivery)}</Line>
          <Line name="Repository">{delivery.fullName ?? 'of none'}</Line>
          <Line name="Received">
            <Ago at={delivery.receivedAt} />
          </Line>
          <Line name="Passed on">
            {delivery.outcome === 'ignored' ? 'no, it was ignored' : <Ago at={delivery.dispatchedAt} none="not yet" />}
          </Line>
          <Line name="To the workflow">{delivery.workflowId ?? '–'}</Line>
          <Line name="Id">
            <Code>{delivery.guid}</Code>
          </Line>
          {correlationId && (
            <Line name="In the log">
              <Code>{correlationId}</Code>
            </Line>
          )}
        </Table.Tbody>
      </Table>
      {ignoredReason !== null && (
        <Alert color="gray" title="Why it was ignored">
          {ignoredReason}
        </Alert>
      )}
      {repoEvent !== undefined && repoEvent !== null && (
        <div>
          <Text size="sm" fw={500} mb={4}>
            What was passed on
          </Text>
          <Code block>{JSON.stringify(repoEvent, null, 2)}</Code>
        </div>
      )}
      {may('operate') && delivery.outcome === 'accepted' && (
        <Group>
          <Button
            leftSection={<IconRepeat size={16} aria-hidden />}
            loading={replay.isPending}
            onClick={() => replay.mutate()}
          >
            Replay
          </Button>
          <Text size="sm" c="dimmed">
            Harmless: it only makes Starkeep look again.
          </Text>
        </Group>
      )}
    </Stack>
  );
}

function Line({ name, children }: { name: string; children: React.ReactNode }) {
  return (
    <Table.Tr>
      <Table.Th w={140} fw={500}>
        {name}
      </Table.Th>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>{children}</Table.Td>
    </Table.Tr>
  );
}
