/** What the global setup has told this process; see global-setup.ts. */
export function fromSetup(name: 'TEST_DIRECTORY' | 'TEST_POSTGRES_URL' | 'TEST_TEMPLATE_DATABASE'): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: this only works in a test that jest has set up.`);
  return value;
}

/** False on a machine without Redis, where a loud notice has been given; never with REQUIRE_REDIS=1. */
export const hasRedis: boolean = process.env.TEST_REDIS === 'present';
