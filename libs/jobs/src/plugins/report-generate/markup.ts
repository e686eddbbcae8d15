const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** A text for HTML and SVG, in elements and in quoted attributes. Control characters, which are no text there, are dropped. */
export function escapeMarkup(text: string): string {
  return [...text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? sign)].filter(isText).join('');
}

const isText = (sign: string): boolean => {
  const code = sign.codePointAt(0) ?? 0;
  return code >= 0x20
    ? !(code >= 0xd800 && code <= 0xdfff) && code !== 0xfffe && code !== 0xffff
    : /[\t\n\r]/.test(sign);
};
