import 'reflect-metadata';
import { readFileSync, writeFileSync } from 'node:fs';
import { schemaText } from './schema.js';

const FILE = 'schema.graphql';

if (process.argv.includes('--check')) {
  if (readFileSync(FILE, 'utf8') !== schemaText()) {
    process.stderr.write(`${FILE} is not what the code says; run: npm run schema\n`);
    process.exitCode = 1;
  }
} else {
  writeFileSync(FILE, schemaText());
}
