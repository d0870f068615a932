import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply } from 'fastify';

export interface GraphiqlOptions {
  /** Folder of the built page; by default `dist/graphiql` of this package. */
  readonly bundle?: string;
}

const PREFIX = '/graphiql';

/**
 * The page runs with whatever token its user pastes in, so nothing but its own scripts may run in it.
 * Monaco sets inline styles and carries its icons as data: URLs; `ws:` and `wss:` are named because not every
 * browser counts the page's own WebSocket as 'self' (Content Security Policy Level 3, section 6.7.2.8).
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "worker-src 'self' blob:",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self' data:",
  "img-src 'self' data:",
  "connect-src 'self' ws: wss:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const NOT_BUILT =
  'GraphiQL has not been built. Run "npm run build:graphiql" and start the server again; /graphql works without it.\n';

/** The package's root is looked for, not counted: sources and compiled files lie at different depths. */
function packageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`No package.json above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
  return folder;
}

async function servePage(app: FastifyInstance, bundle: string): Promise<void> {
  // Vite puts a hash of the content into each asset's name, and index.html names the present ones.
  await app.register(fastifyStatic, {
    root: join(bundle, 'assets'),
    prefix: '/assets/',
    index: false,
    maxAge: '1y',
    immutable: true,
  });
  app.get('/', { prefixTrailingSlash: 'both' }, (_request, reply) =>
    reply.header('cache-control', 'no-cache').sendFile('index.html', bundle, { cacheControl: false }),
  );
}

function serveExplanation(app: FastifyInstance): void {
  const explain = (reply: FastifyReply): FastifyReply =>
    reply.code(503).header('cache-control', 'no-store').type('text/plain; charset=utf-8').send(NOT_BUILT);
  app.get('/', { prefixTrailingSlash: 'both' }, (_request, reply) => explain(reply));
  app.get('/*', (_request, reply) => explain(reply));
}

/**
 * GraphiQL at `/graphiql`, wholly from this server. Where the page has not been built it answers 503 and says
 * how to build it; the rest of the server does not depend on it.
 */
export const graphiqlRoute: FastifyPluginAsync<GraphiqlOptions> = async (app, options) => {
  const bundle = options.bundle ?? join(packageRoot(), 'dist', 'graphiql');
  await app.register(
    async (scope) => {
      scope.addHook('onRequest', async (_request, reply) => {
        reply.headers(HEADERS);
      });
      if (existsSync(join(bundle, 'index.html'))) await servePage(scope, bundle);
      else serveExplanation(scope);
    },
    { prefix: PREFIX },
  );
};
