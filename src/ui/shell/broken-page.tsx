import { Alert, Button, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';

/** Where this UI itself failed. */
export function BrokenPage({ error }: { error: unknown }) {
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title="This page failed" role="alert" m="md">
      <Stack align="flex-start" gap="sm">
        <Text size="sm">
          Something in the page itself went wrong; your mirrors are not concerned. Loading it again usually helps, also
          after an upgrade of Starkeep.
        </Text>
        <Text size="xs" c="dimmed" ff="monospace">
          {error instanceof Error ? error.message : String(error)}
        </Text>
        <Button size="xs" variant="default" onClick={() => window.location.reload()}>
          Load the page again
        </Button>
      </Stack>
    </Alert>
  );
}
