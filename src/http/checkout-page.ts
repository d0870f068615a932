export interface CheckoutPage {
  readonly title: string;
  readonly text: string;
  readonly reference?: string;
  /** Seconds until the page loads itself again. */
  readonly refreshSeconds?: number;
}

/** A page that needs nothing from anywhere else. */
export function checkoutPage({ title, text, reference, refreshSeconds }: CheckoutPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${refreshSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">`}
<title>${escapeHtml(title)}</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 90vh; margin: 1rem; }
main { max-width: 32rem; border: 1px solid #8884; border-radius: .75rem; padding: 2rem; }
h1 { font-size: 1.4rem; margin-top: 0; }
code { font-size: 1.2rem; letter-spacing: .1em; }
</style>
</head>
<body><main>
<h1>${escapeHtml(title)}</h1>
<p>${escapeHtml(text)}</p>
${reference === undefined ? '' : `<p>Order <code>${escapeHtml(reference)}</code></p>`}
</main></body>
</html>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
