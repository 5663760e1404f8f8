import { Code, Text } from '@mantine/core';

/** The words of whoever failed, folded: not for everybody, and there for who needs them. */
export function WhatItSaid({ text }: { text: string }) {
  return (
    <details>
      <Text component="summary" size="sm" style={{ cursor: 'pointer' }}>
        What it said
      </Text>
      <Code block mt="xs">
        {text}
      </Code>
    </details>
  );
}
