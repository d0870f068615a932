import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here('./page'),
  base: '/graphiql/',
  publicDir: false,
  build: {
    outDir: here('../../../dist/graphiql'),
    emptyOutDir: true,
    // Monaco is big, and only whoever opens the page loads it.
    chunkSizeWarningLimit: 6_000,
    rolldownOptions: {
      onLog(level, log, handle) {
        // Dependencies mark their modules for React Server Components, which a page without a server has not.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  worker: { format: 'es' },
});
