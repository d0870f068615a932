import { parseArgs } from 'node:util';
import { type NewWebhookEndpoint, startLocalStripe } from './index.js';

const USAGE = `Usage: node dist/dev/stripe/main.js [options]
  --port <number>                 default 12111
  --host <address>                default 127.0.0.1
  --public-url <url>              where browsers reach it, if not at host and port
  --secret-key <key>              default sk_test_local
  --webhook <url>,<secret>        told of the platform's events; may be repeated
  --connect-webhook <url>,<secret>  told of the connected accounts' events; may be repeated
  --state-file <path>             keeps everything from one start to the next
  --rate-limit <n>                requests a second; beyond it 429, as at Stripe (100 live, 25 in a sandbox)
  --endpoint-rate-limit <n>       the same of each endpoint (25 at Stripe)
  --quiet                         no lines about webhooks that fail`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '12111' },
      host: { type: 'string', default: '127.0.0.1' },
      'public-url': { type: 'string' },
      'secret-key': { type: 'string', default: 'sk_test_local' },
      webhook: { type: 'string', multiple: true, default: [] },
      'connect-webhook': { type: 'string', multiple: true, default: [] },
      'state-file': { type: 'string' },
      'rate-limit': { type: 'string' },
      'endpoint-rate-limit': { type: 'string' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const stripe = await startLocalStripe({
    port: readPort(values.port),
    host: values.host,
    ...(values['public-url'] === undefined ? {} : { publicUrl: values['public-url'] }),
    secretKey: values['secret-key'],
    webhookEndpoints: [
      ...values.webhook.map((text) => readEndpoint(text, false)),
      ...values['connect-webhook'].map((text) => readEndpoint(text, true)),
    ],
    ...(values['state-file'] === undefined ? {} : { stateFile: values['state-file'] }),
    ...readLimits(values['rate-limit'], values['endpoint-rate-limit']),
    log: values.quiet ? () => {} : (line) => console.error(line),
  });
  console.log(`Local Stripe at ${stripe.url} with the key ${stripe.secretKey}`);
  const stop = () => {
    void stripe.close();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new Error(`--port is a number from 0 to 65535, not ${text}`);
}

function readLimits(all: string | undefined, endpoint: string | undefined) {
  if (all === undefined && endpoint === undefined) return {};
  const perEndpoint = endpoint === undefined ? {} : { perEndpoint: Number(endpoint) };
  return { rateLimits: { perSecond: Number(all ?? Number.POSITIVE_INFINITY), ...perEndpoint } };
}

function readEndpoint(text: string, connect: boolean): NewWebhookEndpoint {
  const comma = text.lastIndexOf(',');
  const url = text.slice(0, Math.max(comma, 0));
  if (!URL.canParse(url)) throw new Error(`A webhook is given as <url>,<secret>, not ${text}`);
  return { url, secret: text.slice(comma + 1), connect };
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  console.error(USAGE);
  process.exitCode = 1;
});
