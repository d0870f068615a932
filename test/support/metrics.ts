import { send } from './http.js';

/**
 * The sum of all samples of this metric that carry these labels; 0 where there is none.
 *
 * @param name as in the exposition, so with `_count` or `_sum` for a histogram
 */
export async function metric(
  server: { readonly url: string },
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const { text } = await send(server, '/metrics');
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
