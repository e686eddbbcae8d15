const STYLE = `
  :root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
  body { margin: 15vh auto 0; max-width: 24rem; padding: 0 1rem; }
  h1 { font-size: 1.4rem; }
  label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
  input { margin: .3rem 0 1rem; padding: .5rem; }
  button { padding: .5rem; cursor: pointer; }
  .error { border-left: 3px solid #c22; padding-left: .6rem; }
  small { opacity: .75; }
`;

const page = (head: string, body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
  `<title>Drover: sign in</title>${head}</head><body>${body}</body></html>`;

/**
 * The form that asks for a key.
 *
 * @param next where to go on to.
 * @param error what was wrong the last time.
 */
export function formPage(next: string, error?: string): string {
  return page(
    `<style>${STYLE}</style>`,
    `<main><h1>Drover</h1>${error === undefined ? '' : `<p class="error" role="alert">${escape(error)}</p>`}` +
      `<form method="post" action="/sign-in"><input type="hidden" name="next" value="${escape(next)}">` +
      `<label for="key">API key</label>` +
      `<input id="key" name="key" type="password" required autofocus autocomplete="current-password" maxlength="256">` +
      `<button>Sign in</button></form>` +
      `<p><small>The start of the API prints a link that signs you in; an admin creates keys with POST /api/keys.</small></p></main>`,
  );
}

/** Goes on to a path of this server, as a request that this server's page has caused: so the cookie goes along. */
export function bouncePage(path: string): string {
  const target = escape(path);
  return page(
    `<meta http-equiv="refresh" content="0;url=${target}">`,
    `<p><a href="${target}">Go on</a></p>`,
  );
}

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escape = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
