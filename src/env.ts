import { z } from 'zod';

const DEVELOPMENT_SECRET = 'development-only-secret-do-not-use-in-production';

const port = z.coerce.number().int().min(0).max(65_535);
const url = (...protocols: string[]) =>
  z.string().refine(
    (value) => {
      const parsed = URL.parse(value);
      return parsed !== null && protocols.includes(parsed.protocol.slice(0, -1));
    },
    `must be a URL starting with ${protocols.map((protocol) => `${protocol}://`).join(' or ')}`,
  );
const milliseconds = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const onOff = z.enum(['on', 'off']).transform((value) => value === 'on');
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);
const secrets = list.refine((values) => values.length > 0, 'must name at least one secret');

/** As a browser sends it: a scheme, a host, perhaps a port, and nothing behind. */
const isOrigin = (value: string) => {
  const parsed = URL.parse(value);
  return parsed !== null && parsed.host !== '' && `${parsed.protocol}//${parsed.host}` === value;
};

const environmentSchema = z.object({
  NODE_ENV: z.string().default('development'),
  PORT: port.default(4000),
  HOST: z.string().default('0.0.0.0'),
  DATABASE_URL: url('postgres', 'postgresql'),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(500).default(20),
  REDIS_URL: url('redis', 'rediss').optional(),
  REDLOCK_URLS: list
    .refine(
      (urls) => urls.every((value) => /^rediss?:\/\//.test(value)),
      'must be a comma-separated list of URLs starting with redis:// or rediss://',
    )
    .refine(
      (urls) => urls.length % 2 === 1 && new Set(urls).size === urls.length,
      'must name an odd number of independent Redis nodes',
    )
    .optional(),
  STRIPE_SECRET_KEY: z.string().min(1).default('sk_test_boxoffice'),
  STRIPE_WEBHOOK_SECRET: secrets.default(['whsec_development']),
  STRIPE_CONNECT_WEBHOOK_SECRET: secrets.default(['whsec_development_connect']),
  STRIPE_API_BASE: url('http', 'https').optional(),
  STRIPE_REQUESTS_PER_SECOND: z.coerce.number().int().min(1).max(10_000).optional(),
  PLATFORM_FEE_PERCENT: z.coerce.number().min(0).max(100).default(0),
  PUBLIC_URL: url('http', 'https').optional(),
  JWT_SECRET: z.string().min(32).default(DEVELOPMENT_SECRET),
  HOLD_MINUTES: z.coerce.number().min(0.01).max(1440).default(15),
  LOCK_TTL_MS: milliseconds(500, 120_000).default(10_000),
  LOCK_WAIT_MS: milliseconds(0, 60_000).default(5_000),
  RECONCILE_SECONDS: z.coerce.number().min(1).max(3_600).default(60),
  SMTP_URL: url('smtp', 'smtps').optional(),
  MAIL_FROM: z.string().min(3).default('Boxoffice <tickets@boxoffice.example>'),
  MAIL_DIRECTORY: z.string().min(1).default('.data/mail'),
  DRAIN_DELAY_MS: milliseconds(0, 60_000).default(0),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  RATE_LIMITS: onOff.default(true),
  RATE_LIMIT_OPERATIONS: z.coerce.number().int().min(1).max(10_000_000).default(30_000),
  WEBSOCKETS_PER_ADDRESS: z.coerce.number().int().min(1).max(1_000_000).default(5_000),
  WEBSOCKETS_PER_USER: z.coerce.number().int().min(1).max(1_000_000).default(100),
  CORS_ORIGINS: list
    .refine(
      (origins) => origins.every((origin) => origin === '*' || isOrigin(origin)),
      'must be a comma-separated list of origins such as https://shop.example, or *',
    )
    .default([]),
  TRUSTED_PROXIES: z.coerce.number().int().min(0).max(10).default(0),
  INTROSPECTION: onOff.default(true),
  WORKER: onOff.default(true),
});

export type Environment = Omit<z.infer<typeof environmentSchema>, 'PUBLIC_URL' | 'REDLOCK_URLS'> & {
  /** Without a trailing slash. */
  PUBLIC_URL: string;
  /** Empty when there is no Redis at all: locks and events then live in this process. */
  REDLOCK_URLS: string[];
};

export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';

  constructor(readonly problems: readonly string[]) {
    super(`The environment is not usable:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/** What production must state itself, because a default would be a hole or a silent loss of money. */
const REQUIRED_IN_PRODUCTION = [
  'REDIS_URL',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'STRIPE_CONNECT_WEBHOOK_SECRET',
  'PUBLIC_URL',
  'JWT_SECRET',
  'SMTP_URL',
  'MAIL_FROM',
] as const;

/**
 * Reads and checks the whole environment; the only place that does.
 *
 * @throws EnvironmentError naming every problem at once, never a secret's value.
 */
export function readEnvironment(source: NodeJS.ProcessEnv = process.env): Environment {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(
        (issue) => `${issue.path.join('.')}: ${describe(issue.message, given, issue.path)}`,
      );
  if (given.NODE_ENV === 'production') {
    problems.push(...productionProblems(given));
  }
  if (given.REDLOCK_URLS !== undefined && given.REDIS_URL === undefined) {
    problems.push('REDLOCK_URLS: needs REDIS_URL, through which processes tell each other of events');
  }
  if (!parsed.success || problems.length > 0) {
    throw new EnvironmentError([...new Set(problems)]);
  }
  const environment = parsed.data;
  return {
    ...environment,
    PUBLIC_URL: (environment.PUBLIC_URL ?? `http://localhost:${environment.PORT}`).replace(/\/+$/, ''),
    REDLOCK_URLS: environment.REDLOCK_URLS ?? (environment.REDIS_URL ? [environment.REDIS_URL] : []),
  };
}

/** The database's URL alone, for what needs nothing else: migrations and MikroORM's command line. */
export function readDatabaseUrl(source: NodeJS.ProcessEnv = process.env): string {
  const parsed = environmentSchema.pick({ DATABASE_URL: true }).safeParse(source);
  if (!parsed.success) {
    throw new EnvironmentError(['DATABASE_URL: must be set to a URL starting with postgres://']);
  }
  return parsed.data.DATABASE_URL;
}

function describe(message: string, given: Record<string, unknown>, path: PropertyKey[]): string {
  return given[String(path[0])] === undefined ? 'must be set' : message;
}

function productionProblems(given: Record<string, string | undefined>): string[] {
  const problems: string[] = REQUIRED_IN_PRODUCTION.filter((name) => given[name] === undefined).map(
    (name) => `${name}: must be set in production`,
  );
  if (given.JWT_SECRET === DEVELOPMENT_SECRET) {
    problems.push('JWT_SECRET: the development secret must not be used in production');
  }
  if (
    given.STRIPE_SECRET_KEY !== undefined &&
    !/^(sk|rk)_(live|test)_.{16,}$/.test(given.STRIPE_SECRET_KEY)
  ) {
    problems.push('STRIPE_SECRET_KEY: must be a key that Stripe issued (sk_live_..., sk_test_... or rk_...)');
  }
  for (const name of ['STRIPE_WEBHOOK_SECRET', 'STRIPE_CONNECT_WEBHOOK_SECRET'] as const) {
    const secrets = given[name]?.split(',') ?? [];
    if (secrets.some((secret) => !/^whsec_.{16,}$/.test(secret.trim()))) {
      problems.push(`${name}: must be the signing secret that Stripe shows for the endpoint (whsec_...)`);
    }
  }
  return problems;
}
