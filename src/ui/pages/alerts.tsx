import { Alert, Code, Stack, Text } from '@mantine/core';
import { IconAlertTriangle, IconBellCheck, IconInfoCircle } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { alertsQuery } from '../api/queries.ts';
import type { Alert as AlertOf } from '../api/types.ts';
import { MirrorLink } from '../parts/mirror-link.tsx';
import { Page } from '../parts/page.tsx';
import { More, Which } from '../parts/paging.tsx';
import { Empty, Shown } from '../parts/states.tsx';
import { Ago } from '../parts/time.tsx';

const route = getRouteApi('/alerts');

const COLORS = { info: 'blue', warning: 'yellow', error: 'red' } as const;

export function Alerts() {
  const { state = 'open' } = route.useSearch();
  const navigate = route.useNavigate();
  const asked = useInfiniteQuery(alertsQuery(state));
  return (
    <Page title="Alerts" about="What a person should know of. Each goes away by itself when it is over.">
      <Which
        label="Which alerts"
        choices={[
          { value: 'open', label: 'So now' },
          { value: 'all', label: 'Also over' },
        ]}
        value={state}
        onChange={(value) => void navigate({ search: { state: value === 'all' ? 'all' : undefined } })}
      />
      <Shown asked={asked} what="The alerts">
        {({ pages }) => {
          const alerts = pages.flatMap((page) => page.alerts);
          if (alerts.length === 0)
            return (
              <Empty
                title={state === 'open' ? 'Nothing to worry about' : 'There never was an alert'}
                icon={<IconBellCheck size={24} />}
              />
            );
          return (
            <Stack gap="sm">
              {alerts.map((alert) => (
                <One key={alert.alertId} alert={alert} />
              ))}
              <More asked={asked}>Show older ones</More>
            </Stack>
          );
        }}
      </Shown>
    </Page>
  );
}

function One({ alert }: { alert: AlertOf }) {
  const { level, subject, fullName, summary, advice, command, raisedAt, clearedAt, clearedWhy, undelivered } = alert;
  const color = `var(--mantine-color-${clearedAt === null ? COLORS[level] : 'gray'}-6)`;
  return (
    <Alert
      variant="default"
      icon={level === 'info' ? <IconInfoCircle color={color} /> : <IconAlertTriangle color={color} />}
      title={summary}
      style={{ borderInlineStart: `4px solid ${color}` }}
    >
      <Stack gap={4}>
        {fullName !== null && <MirrorLink mirrorId={subject} fullName={fullName} />}
        <Text size="sm">{advice}</Text>
        <Text size="sm">
          <Code>{command}</Code>
        </Text>
        <Text size="xs" c="dimmed" component="div">
          Since <Ago at={raisedAt} />
          {clearedAt !== null && (
            <>
              , over <Ago at={clearedAt} />
              {clearedWhy !== null && ` (${clearedWhy})`}
            </>
          )}
        </Text>
        {undelivered.map(({ channel, reason }) => (
          <Text key={channel} size="xs" c="dimmed">
            Not told to {channel} yet{reason === null ? '' : `: ${reason}`}
          </Text>
        ))}
      </Stack>
    </Alert>
  );
}
