import { Code } from '@mantine/core';

/** A sentence of the settings: what stands between backticks is to be typed so. */
export function Words({ text }: { text: string }) {
  return text.split('`').map((part, index) => (index % 2 === 0 ? part : <Code key={index}>{part}</Code>));
}
