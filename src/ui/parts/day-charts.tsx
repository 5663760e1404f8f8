import { AreaChart, BarChart } from '@mantine/charts';
import { Stack, Table, Text, VisuallyHidden } from '@mantine/core';
import type { Day } from '../api/types.ts';
import { bytesWords, plural } from '../words.ts';

const SHORT = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** Syncs by outcome, and bytes, day by day; the same as a table for who cannot see a chart. */
export default function DayCharts({ days }: { days: Day[] }) {
  const data = days.map(({ day, completed, failed, bytes }) => ({
    day: SHORT.format(new Date(`${day}T00:00:00Z`)),
    Completed: completed,
    Failed: failed,
    Bytes: bytes,
  }));
  const completed = days.reduce((sum, day) => sum + day.completed, 0);
  const failed = days.reduce((sum, day) => sum + day.failed, 0);
  const bytes = days.reduce((sum, day) => sum + day.bytes, 0);
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        {plural(completed, 'sync')} completed, {failed.toLocaleString('en')} failed, {bytesWords(bytes)} moved.
      </Text>
      <div aria-hidden>
        <BarChart
          h={190}
          data={data}
          dataKey="day"
          type="stacked"
          series={[
            { name: 'Completed', color: 'green.6' },
            { name: 'Failed', color: 'red.6' },
          ]}
          withLegend
          legendProps={{ verticalAlign: 'top', height: 30 }}
          yAxisProps={{ allowDecimals: false, width: 48 }}
          barChartProps={{ accessibilityLayer: false }}
        />
        <Text size="xs" c="dimmed" mt="md" mb={4}>
          Bytes moved
        </Text>
        <AreaChart
          h={160}
          data={data}
          dataKey="day"
          series={[{ name: 'Bytes', color: 'blue.6' }]}
          valueFormatter={bytesWords}
          curveType="monotone"
          withDots={false}
          yAxisProps={{ width: 64 }}
          areaChartProps={{ accessibilityLayer: false }}
        />
      </div>
      <VisuallyHidden>
        <Table>
          <caption>Syncs and bytes by day</caption>
          <thead>
            <tr>
              <th>Day</th>
              <th>Completed</th>
              <th>Failed</th>
              <th>Bytes</th>
            </tr>
          </thead>
          <tbody>
            {days
              .filter((day) => day.completed + day.failed > 0)
              .map((day) => (
                <tr key={day.day}>
                  <td>{day.day}</td>
                  <td>{day.completed}</td>
                  <td>{day.failed}</td>
                  <td>{bytesWords(day.bytes)}</td>
                </tr>
              ))}
          </tbody>
        </Table>
      </VisuallyHidden>
    </Stack>
  );
}
