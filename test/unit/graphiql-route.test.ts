import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fastify, { type FastifyInstance } from 'fastify';
import { graphiqlRoute } from '../../src/http/graphiql/graphiql.route.js';

let bundle: string;
let app: FastifyInstance;

beforeEach(async () => {
  bundle = await mkdtemp(join(tmpdir(), 'boxoffice-graphiql-'));
  app = fastify();
});

afterEach(async () => {
  await app.close();
  await rm(bundle, { recursive: true });
});

async function build(): Promise<void> {
  await mkdir(join(bundle, 'assets'));
  await writeFile(join(bundle, 'index.html'), '<title>page</title>');
  await writeFile(join(bundle, 'assets', 'index-abc123.js'), 'export {};');
  await writeFile(join(bundle, 'secret.txt'), 'not an asset');
}

describe('/graphiql once it has been built', () => {
  beforeEach(async () => {
    await build();
    await app.register(graphiqlRoute, { bundle });
  });

  it.each(['/graphiql', '/graphiql/'])(
    'serves the page at %s, to be asked for again each time',
    async (url) => {
      const reply = await app.inject(url);

      expect(reply.statusCode).toBe(200);
      expect(reply.body).toBe('<title>page</title>');
      expect(reply.headers['content-type']).toMatch(/^text\/html/);
      expect(reply.headers['cache-control']).toBe('no-cache');
    },
  );

  it('lets no script run but its own, and no other page frame it', async () => {
    const policy = (await app.inject('/graphiql')).headers['content-security-policy'];

    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("frame-ancestors 'none'");
  });

  it('lets assets be kept for good, since their names change with their content', async () => {
    const reply = await app.inject('/graphiql/assets/index-abc123.js');

    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toMatch(/javascript/);
    expect(reply.headers['cache-control']).toBe('public, max-age=31536000, immutable');
  });

  it.each([
    '/graphiql/assets/missing.js',
    '/graphiql/assets/',
    '/graphiql/secret.txt',
    '/graphiql/assets/%2e%2e/secret.txt',
  ])('serves nothing else: %s', async (url) => {
    const reply = await app.inject(url);

    expect([403, 404]).toContain(reply.statusCode);
    expect(reply.body).not.toContain('not an asset');
  });
});

describe('/graphiql where it has not been built', () => {
  it.each(['/graphiql', '/graphiql/', '/graphiql/assets/index-abc123.js'])(
    'says at %s how to build it',
    async (url) => {
      await app.register(graphiqlRoute, { bundle });

      const reply = await app.inject(url);

      expect(reply.statusCode).toBe(503);
      expect(reply.headers['content-type']).toMatch(/^text\/plain/);
      expect(reply.headers['cache-control']).toBe('no-store');
      expect(reply.body).toContain('npm run build:graphiql');
    },
  );
});
