import { Html, html } from './html.js';

const STYLE = new Html(`
:root { color-scheme: light dark; --ink: #1a1f36; --soft: #697386; --line: #e3e8ee; --paper: #fff;
  --ground: #f6f8fa; --accent: #0b6bcb; --bad: #b3093c; --good: #0e6245; --on-accent: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9f0; --soft: #a3acba; --line: #333a46;
  --paper: #1c212b; --ground: #12161e; --accent: #4aa3ff; --bad: #ff7a9a; --good: #5fd3a3; --on-accent: #06121f } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
main { max-width: 30rem; margin: 0 auto; padding: 2rem 1rem 4rem }
main.wide { max-width: 64rem }
.badge { display: inline-block; padding: .1rem .6rem; border-radius: 1rem; font-size: .8rem;
  font-weight: 600; background: #ffde92; color: #4a3200 }
.card { background: var(--paper); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.25rem; margin: 1rem 0; overflow-x: auto }
.card > :first-child { margin-top: 0 } .card > :last-child { margin-bottom: 0 }
h1 { font-size: 1.4rem; margin: .75rem 0 0 } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem }
.total { font-size: 2rem; font-weight: 700; margin: 0 }
.soft { color: var(--soft); font-size: .9rem } .bad { color: var(--bad); font-weight: 600 }
.good { color: var(--good); font-weight: 600 }
table { width: 100%; border-collapse: collapse; font-size: .95rem }
td, th { text-align: left; padding: .4rem .5rem; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: break-word }
th, td.short { white-space: nowrap }
td.amount, th.amount { text-align: right; white-space: nowrap }
label { display: block; font-size: .9rem }
input { width: 100%; padding: .6rem; margin: .3rem 0; border-radius: .5rem; font: inherit;
  border: 1px solid var(--line); background: var(--ground); color: var(--ink) }
button { width: 100%; padding: .75rem 1rem; margin: .3rem 0; border-radius: .5rem; font: inherit;
  font-weight: 600; cursor: pointer; border: 1px solid var(--line); background: var(--paper);
  color: var(--ink) }
button.primary { background: var(--accent); border-color: var(--accent); color: var(--on-accent) }
button:focus-visible, a:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
a { color: var(--accent) } code { font-size: .85em; overflow-wrap: anywhere }
`);

export interface Layout {
  readonly title: string;
  readonly wide?: boolean;
  readonly body: Html;
}

export function layout({ title, wide, body }: Layout): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main${wide === true ? new Html(' class="wide"') : null}>
<span class="badge">Local Stripe: no real money</span>
${body}
</main>
</body>
</html>
`.text;
}
