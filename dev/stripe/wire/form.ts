import { invalidRequest } from './errors.js';

/** What a form-encoded body or query holds once its brackets are read: text at the leaves. */
export type FormValue = string | FormObject;
export interface FormObject {
  [key: string]: FormValue;
}

const MAXIMUM_DEPTH = 8;

/**
 * Reads `application/x-www-form-urlencoded` text with Stripe's bracket nesting:
 * `a[b]=1` nests, `a[0]=x` and `a[]=x` fill lists. Lists stay objects with numeric keys: only the
 * endpoint knows whether `metadata[0]` is a key or a place.
 *
 * @throws StripeFailure where one name is used as text and as an object, or brackets do not match
 */
export function decodeForm(text: string): FormObject {
  const root = emptyObject();
  for (const [name, value] of new URLSearchParams(text)) {
    place(root, splitName(name), value, name);
  }
  return root;
}

/** The same text for the same parameters, whatever their order. */
export function canonicalForm(value: FormValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  const entries = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalForm(value[key]!)}`);
  return `{${entries.join(',')}}`;
}

/** No prototype: a parameter named `constructor` is only a parameter. */
function emptyObject(): FormObject {
  return Object.create(null) as FormObject;
}

function splitName(name: string): string[] {
  const first = name.indexOf('[');
  if (first === -1 && !name.includes(']')) return [name];
  const rest = name.slice(first);
  if (first < 1 || name.slice(0, first).includes(']') || !/^(\[[^[\]]*\])+$/.test(rest))
    throw malformed(name);
  const keys = [name.slice(0, first), ...rest.slice(1, -1).split('][')];
  if (keys.length > MAXIMUM_DEPTH) throw malformed(name);
  return keys;
}

function place(root: FormObject, keys: readonly string[], value: string, name: string): void {
  let node = root;
  for (const [depth, written] of keys.entries()) {
    const key = written === '' ? String(Object.keys(node).length) : written;
    if (depth === keys.length - 1) {
      if (typeof node[key] === 'object') throw malformed(name);
      node[key] = value;
      return;
    }
    const child = node[key] ?? emptyObject();
    if (typeof child === 'string') throw malformed(name);
    node[key] = child;
    node = child;
  }
}

function malformed(name: string) {
  return invalidRequest(`Invalid request parameter: ${name}.`, { param: name });
}
