import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

interface Locked {
  readonly version?: string;
  readonly hasInstallScript?: boolean;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly link?: boolean;
}
const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
};
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const installed = Object.entries(lock.packages).filter(([path]) => path !== '');
const nameOf = (path: string) => path.replace(/^.*node_modules\//, '');

describe('what is installed', () => {
  it('runs scripts while it is installed only where package.json says so, by name', () => {
    const withScripts = installed.filter(([, { hasInstallScript }]) => hasInstallScript);
    const names = [...new Set(withScripts.map(([path]) => nameOf(path)))];
    expect(names.length).toBeGreaterThan(0);
    expect(Object.keys(manifest.allowScripts).sort()).toEqual(names.sort());
  });

  it('runs none of them in production: nothing that is served needs one', () => {
    const dockerfile = readFileSync('Dockerfile', 'utf8');
    expect(dockerfile).toMatch(/^RUN npm ci --omit=dev --ignore-scripts\b/m);
  });

  it('is what was tried: its exact bytes', () => {
    const unchecked = installed.filter(
      ([, { integrity, link }]) => !link && !integrity?.startsWith('sha512-'),
    );
    expect(unchecked.map(([path]) => path)).toEqual([]);
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
    const loose = Object.entries(manifest.dependencies).filter(
      ([, version]) => !/^\d+\.\d+\.\d+/.test(version),
    );
    expect(loose).toEqual([]);
  });
});

/** Of docker-compose.yml, each service with the lines that stand under it, and under what it takes over. */
function services(): Map<string, string> {
  const compose = readFileSync('docker-compose.yml', 'utf8');
  const shared = new Map(
    [...compose.matchAll(/^x-\w+: &(\w+)\n((?: {2}.*\n|\n)+)/gm)].map(([, name = '', lines = '']) => [
      name,
      lines,
    ]),
  );
  const list = /^services:\n([\s\S]*?)^\S/m.exec(compose)?.[1] ?? '';
  return new Map(
    [...list.matchAll(/^ {2}(\w+):\n((?: {4}.*\n|\n)+)/gm)].map(([, name = '', lines = '']) => [
      name,
      lines.replace(/^ {4}<<: \*(\w+)\n/m, (_line, anchor: string) => `${shared.get(anchor)}\n`),
    ]),
  );
}

describe('containers', () => {
  const all = services();

  it('are all looked at', () => {
    expect([...all.keys()]).toEqual(['postgres', 'redis', 'migrate', 'api', 'worker', 'proxy']);
  });

  it.each([...all])('%s cannot write to its image, nor gain privileges', (_name, lines) => {
    expect(lines).toMatch(/^ +read_only: true$/m);
    expect(lines).toMatch(/^ +cap_drop: \[ALL\]$/m);
    expect(lines).toMatch(/^ +security_opt: \["no-new-privileges:true"\]$/m);
    expect(lines).not.toMatch(/privileged|network_mode: host|docker\.sock|user: root/);
  });

  it.each(['migrate', 'api', 'worker'])('%s keeps every capability dropped', (name) => {
    expect(all.get(name)).not.toMatch(/cap_add/);
  });

  it('of ours run as an account that owns nothing in them', () => {
    const stages = readFileSync('Dockerfile', 'utf8').split(/^FROM /m);
    const last = stages.at(-1)!;
    const user = last.search(/^USER node$/m);
    expect(user).toBeGreaterThan(0);
    expect(last.slice(user)).not.toMatch(/^(COPY|RUN|ADD|USER root)\b/m);
    expect(last).not.toMatch(/--chown|chmod/);
  });
});
