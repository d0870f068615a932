import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalForm, decodeForm, type FormObject, type FormValue } from '../../dev/stripe/wire/form.js';

const key = fc.stringMatching(/^[A-Za-z0-9_]{1,8}$/);
const tree: fc.Arbitrary<FormObject> = fc
  .letrec<{ node: FormValue }>((tie) => ({
    node: fc.oneof(
      { depthSize: 'small' },
      fc.string(),
      fc.dictionary(key, tie('node'), { minKeys: 1, maxKeys: 4 }),
    ),
  }))
  .node.chain((node) => (typeof node === 'string' ? fc.constant({ value: node }) : fc.constant(node)));

/** As Stripe's clients write it. */
function encode(form: FormObject): string {
  const pairs: string[] = [];
  const visit = (name: string, value: FormValue) => {
    if (typeof value === 'string') pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
    else for (const [child, inner] of Object.entries(value)) visit(`${name}[${child}]`, inner);
  };
  for (const [name, value] of Object.entries(form)) visit(name, value);
  return pairs.join('&');
}

function depth(value: FormValue): number {
  return typeof value === 'string' ? 0 : 1 + Math.max(0, ...Object.values(value).map(depth));
}

const plain = (value: FormObject): unknown => JSON.parse(JSON.stringify(value));

describe('form parameters', () => {
  it('are read back as they were written', () => {
    fc.assert(
      fc.property(tree, (form) => {
        fc.pre(depth(form) <= 8);
        expect(plain(decodeForm(encode(form)))).toEqual(plain(form));
      }),
    );
  });

  it('compare the same in any order', () => {
    expect(canonicalForm(decodeForm('a[x]=1&b=2&a[y]=3'))).toBe(
      canonicalForm(decodeForm('b=2&a[y]=3&a[x]=1')),
    );
    expect(canonicalForm(decodeForm('a=1'))).not.toBe(canonicalForm(decodeForm('a[b]=1')));
  });

  it('fill lists with numbers or without', () => {
    expect(plain(decodeForm('expand[]=a&expand[]=b'))).toEqual({ expand: { 0: 'a', 1: 'b' } });
    expect(plain(decodeForm('items[1][q]=2&items[0][q]=1'))).toEqual({
      items: { 0: { q: '1' }, 1: { q: '2' } },
    });
  });

  it('never reach a prototype', () => {
    const form = decodeForm('__proto__[polluted]=yes&constructor[prototype][polluted]=yes');
    expect(Object.keys(form)).toEqual(['__proto__', 'constructor']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it.each(['a[=1', 'a]=1', 'a[b=1', 'a[b]c=1', '[a]=1', 'a=1&a[b]=2', 'a[b]=1&a=2', `a${'[b]'.repeat(8)}=1`])(
    'are refused when malformed: %s',
    (text) => {
      expect(() => decodeForm(text)).toThrow('Invalid request parameter');
    },
  );
});
