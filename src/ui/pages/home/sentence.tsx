import { Anchor, Box, Group, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconMoodSmile } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { Fragment, type ReactNode } from 'react';
import type { Stats } from '../../api/types.ts';

export function Sentence({ stats: { mirrors, failing, waiting, running } }: { stats: Stats }) {
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
