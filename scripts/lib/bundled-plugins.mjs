import { UserError } from './messages.mjs';

const LIST = /^export const BUNDLED_PLUGINS\b[^=]*= \{\n(?<entries>[^]*?)^\};$/m;

/** The text of bundled.ts with one plugin more. */
export function registered(text, { pascal, file }) {
  const list = LIST.exec(text);
  const lastImport = [...text.matchAll(/^import .*;$/gm)].at(-1);
  if (!list || !lastImport)
    throw new UserError(
      'libs/jobs/src/plugins/bundled.ts no longer has its list: add the plugin there by hand',
    );
  const key = /^[a-z]\w*$/.test(file) ? file : `'${file}'`;
  const endOfList = list.index + list[0].length - '};'.length;
  const endOfImports = lastImport.index + lastImport[0].length;
  return [
    text.slice(0, endOfImports),
    `\nimport { ${pascal}Plugin } from './${file}/${file}.plugin.js';`,
    text.slice(endOfImports, endOfList),
    `  ${key}: ${pascal}Plugin,\n`,
    text.slice(endOfList),
  ].join('');
}
