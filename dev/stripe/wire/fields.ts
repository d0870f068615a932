import { invalidRequest } from './errors.js';
import type { FormObject, FormValue } from './form.js';

/** How one parameter is read. `undefined` comes in where the client did not send it. */
export interface Field<T> {
  read(value: FormValue | undefined, name: string): T;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;
export type Read<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

/** Reads the parameters of a request; what no field names is refused as Stripe does. */
export function readFields<F extends Fields>(fields: F, form: FormObject, parent = ''): Read<F> {
  for (const key of Object.keys(form)) {
    if (!Object.hasOwn(fields, key)) {
      const name = nameOf(parent, key);
      throw invalidRequest(`Received unknown parameter: ${name}`, { code: 'parameter_unknown', param: name });
    }
  }
  const read = Object.entries(fields).map(([key, field]) => [
    key,
    field.read(form[key], nameOf(parent, key)),
  ]);
  return Object.fromEntries(read) as Read<F>;
}

export function text(limit = 5000): Field<string> {
  return {
    read(value, name) {
      const given = required(value, name);
      if (typeof given !== 'string') throw invalidRequest(`Invalid string: ${name}`, { param: name });
      if (given === '') throw emptied(name);
      if (given.length > limit) {
        throw invalidRequest(
          `Invalid string: ${name} must be at most ${limit} characters long, but is ${given.length} characters.`,
          { param: name },
        );
      }
      return given;
    },
  };
}

export function integer(limits: { readonly minimum?: number } = {}): Field<number> {
  return {
    read(value, name) {
      const given = text().read(value, name);
      if (!/^-?\d{1,15}$/.test(given)) {
        throw invalidRequest(`Invalid integer: ${given}`, {
          code: 'parameter_invalid_integer',
          param: name,
        });
      }
      const number = Number(given);
      if (limits.minimum !== undefined && number < limits.minimum) {
        const message =
          limits.minimum === 0
            ? 'Invalid non-negative integer'
            : `This value must be greater than or equal to ${limits.minimum}.`;
        throw invalidRequest(message, { code: 'parameter_invalid_integer', param: name });
      }
      return number;
    },
  };
}

export function boolean(): Field<boolean> {
  return {
    read(value, name) {
      const given = text().read(value, name);
      if (given !== 'true' && given !== 'false') {
        throw invalidRequest(`Invalid boolean: ${given}`, { param: name });
      }
      return given === 'true';
    },
  };
}

export function oneOf<const T extends string>(...allowed: readonly T[]): Field<T> {
  return {
    read(value, name) {
      const given = text().read(value, name);
      const found = allowed.find((one) => one === given);
      if (found === undefined) {
        throw invalidRequest(`Invalid ${name}: must be one of ${allowed.join(', ')}`, { param: name });
      }
      return found;
    },
  };
}

export function object<F extends Fields>(fields: F): Field<Read<F>> {
  return {
    read(value, name) {
      return readFields(fields, asObject(required(value, name), name), name);
    },
  };
}

/** `name[0]`, `name[1]`, … or `name[]`, in the order of the numbers. */
export function list<T>(item: Field<T>): Field<T[]> {
  return {
    read(value, name) {
      const given = required(value, name);
      if (typeof given === 'string') throw invalidRequest('Invalid array', { param: name });
      const keys = Object.keys(given);
      if (keys.some((key) => !/^\d+$/.test(key))) throw invalidRequest('Invalid array', { param: name });
      return keys
        .sort((a, b) => Number(a) - Number(b))
        .map((key) => item.read(given[key], nameOf(name, key)));
    },
  };
}

/** Free keys with text, for small maps such as `capabilities`. */
export function map<T>(item: Field<T>): Field<Record<string, T>> {
  return {
    read(value, name) {
      const given = asObject(required(value, name), name);
      const entries = Object.keys(given).map((key) => [key, item.read(given[key], nameOf(name, key))]);
      return Object.fromEntries(entries) as Record<string, T>;
    },
  };
}

export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { read: (value, name) => (value === undefined ? undefined : field.read(value, name)) };
}

/** An empty string unsets the value (https://docs.stripe.com/api/metadata: "pass an empty string"). */
export function clearable<T>(field: Field<T>): Field<T | null | undefined> {
  return {
    read(value, name) {
      if (value === undefined) return undefined;
      return value === '' ? null : field.read(value, name);
    },
  };
}

export function nameOf(parent: string, key: string): string {
  return parent === '' ? key : `${parent}[${key}]`;
}

function required(value: FormValue | undefined, name: string): FormValue {
  if (value !== undefined) return value;
  throw invalidRequest(`Missing required param: ${name}.`, { code: 'parameter_missing', param: name });
}

function asObject(value: FormValue, name: string): FormObject {
  if (typeof value === 'object') return value;
  throw invalidRequest('Invalid object', { param: name });
}

function emptied(name: string) {
  return invalidRequest(
    `You passed an empty string for '${name}'. We assume empty values are an attempt to unset a parameter; however '${name}' cannot be unset. You should remove '${name}' from your request or supply a non-empty value.`,
    { code: 'parameter_invalid_empty', param: name },
  );
}
