import { describe, expect, it } from 'vitest';
import { loadConfig } from '../src/config.ts';
import { problemsOf } from './settings.ts';

const telemetryOf = (environment: Record<string, string>) => loadConfig(environment, 'none').telemetry;

const ELASTIC = { STARKEEP_LOG_ELASTICSEARCH_URL: 'https://elastic.example.org:9200/' };
const COLLECTOR = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

describe('settings of where lines and spans go', () => {
  it('name nobody by default', () => {
    expect(telemetryOf({})).toEqual({
      elasticsearch: undefined,
      datadog: undefined,
      logs: undefined,
      traces: undefined,
      serviceName: undefined,
      resource: {},
    });
  });

  it('name Elasticsearch by its address', () => {
    expect(telemetryOf(ELASTIC).elasticsearch).toEqual({
      url: 'https://elastic.example.org:9200',
      apiKey: undefined,
      index: 'logs-starkeep-default',
    });
    expect(
      telemetryOf({
        ...ELASTIC,
        STARKEEP_LOG_ELASTICSEARCH_API_KEY: 'ZWs6a2V5',
        STARKEEP_LOG_ELASTICSEARCH_INDEX: 'logs-stars-home',
      }).elasticsearch,
    ).toMatchObject({ apiKey: 'ZWs6a2V5', index: 'logs-stars-home' });
  });

  it.each([
    [undefined, 'https://http-intake.logs.datadoghq.com'],
    ['datadoghq.eu', 'https://http-intake.logs.datadoghq.eu'],
    ['us5.datadoghq.com', 'https://http-intake.logs.us5.datadoghq.com'],
    ['http://proxy:8080/', 'http://proxy:8080'],
  ])('take the Datadog site %s for %s', (site, url) => {
    const given = site === undefined ? {} : { STARKEEP_LOG_DATADOG_SITE: site };

    expect(telemetryOf({ STARKEEP_LOG_DATADOG_API_KEY: 'dd', ...given }).datadog).toEqual({ url, apiKey: 'dd' });
  });

  it('make both of OpenTelemetry’s addresses from its one', () => {
    const sampler = { name: 'parentbased_always_on', ratio: 1 };

    expect(telemetryOf(COLLECTOR)).toMatchObject({
      logs: { url: 'http://collector:4318/v1/logs', headers: {} },
      traces: { url: 'http://collector:4318/v1/traces', headers: {}, sampler },
    });
  });

  it('let a signal have an address and headers of its own, or nothing', () => {
    const { logs, traces } = telemetryOf({
      ...COLLECTOR,
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1',
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://tempo.example.org/otlp/v1/traces',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-scope=home, authorization=Basic%20dXNlcjpwYXNz',
      OTEL_TRACES_SAMPLER: 'traceidratio',
      OTEL_TRACES_SAMPLER_ARG: '0.25',
    });

    expect(logs).toEqual({ url: 'http://collector:4318/v1/logs', headers: { a: '1' } });
    expect(traces).toEqual({
      url: 'https://tempo.example.org/otlp/v1/traces',
      headers: { 'x-scope': 'home', authorization: 'Basic dXNlcjpwYXNz' },
      sampler: { name: 'traceidratio', ratio: 0.25 },
    });
    expect(telemetryOf({ ...COLLECTOR, OTEL_LOGS_EXPORTER: 'none' })).toMatchObject({
      logs: undefined,
      traces: { url: 'http://collector:4318/v1/traces' },
    });
    expect(telemetryOf({ ...COLLECTOR, OTEL_TRACES_EXPORTER: 'none' }).traces).toBeUndefined();
  });

  it('say of us what OpenTelemetry is to call us', () => {
    expect(
      telemetryOf({ OTEL_SERVICE_NAME: 'stars', OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=home,a=b%2Cc' }),
    ).toMatchObject({ serviceName: 'stars', resource: { 'deployment.environment.name': 'home', a: 'b,c' } });
  });

  it('have the keys among the secrets, also as they are sent', () => {
    const { secrets } = loadConfig(
      {
        ...ELASTIC,
        STARKEEP_LOG_ELASTICSEARCH_API_KEY: 'elastic-key',
        STARKEEP_LOG_DATADOG_API_KEY: 'datadog-key',
        ...COLLECTOR,
        OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20otlp%2Bkey',
      },
      'none',
    );

    for (const value of ['elastic-key', 'datadog-key', 'Bearer otlp+key', 'otlp+key']) expect(secrets).toContain(value);
  });

  it.each([
    [
      { STARKEEP_LOG_ELASTICSEARCH_API_KEY: 'k' },
      'STARKEEP_LOG_ELASTICSEARCH_API_KEY is set without STARKEEP_LOG_ELASTICSEARCH_URL.',
    ],
    [
      { STARKEEP_LOG_ELASTICSEARCH_INDEX: 'x' },
      'STARKEEP_LOG_ELASTICSEARCH_INDEX is set without STARKEEP_LOG_ELASTICSEARCH_URL.',
    ],
    [
      { STARKEEP_LOG_DATADOG_SITE: 'datadoghq.eu' },
      'STARKEEP_LOG_DATADOG_SITE is set without STARKEEP_LOG_DATADOG_API_KEY.',
    ],
    [{ STARKEEP_LOG_ELASTICSEARCH_URL: 'http://u:p@elastic' }, 'an address without a user name or password in it'],
    [{ ...ELASTIC, STARKEEP_LOG_ELASTICSEARCH_INDEX: 'Logs' }, 'must be the name of a data stream'],
    [{ STARKEEP_LOG_DATADOG_API_KEY: 'k', STARKEEP_LOG_DATADOG_SITE: 'EU' }, 'must be a site such as datadoghq.eu'],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' }, 'must be an address that begins with http:// or https://'],
    [{ ...COLLECTOR, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, 'OTEL_EXPORTER_OTLP_PROTOCOL must be one of http/json'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'no pairs' }, 'OTEL_EXPORTER_OTLP_HEADERS must be NAME=value pairs'],
    [{ OTEL_EXPORTER_OTLP_HEADERS: 'a=%0d%0ab' }, 'that can be request headers'],
    [{ OTEL_TRACES_SAMPLER: 'jaeger_remote' }, 'OTEL_TRACES_SAMPLER must be one of always_on'],
    [{ OTEL_TRACES_SAMPLER_ARG: '2' }, 'OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1'],
  ])('%j is refused with what it should be', (environment, problem) => {
    expect(problemsOf(environment).join('\n')).toContain(problem);
  });

  it('are never shown when they are keys', () => {
    const shown = JSON.stringify(problemsOf({ OTEL_EXPORTER_OTLP_HEADERS: 'hidden key' }));

    expect(shown).not.toContain('hidden key');
  });
});
