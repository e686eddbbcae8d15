import type { BrowserPool } from '../support/browser/index.js';

const PDF_MS = 120_000;

/** Prints HTML to PDF, in a browser without network and without scripts. @throws {BrowserMissingError} */
export async function pdfOf(pool: BrowserPool, html: string, signal: AbortSignal): Promise<Buffer> {
  const session = await pool.open({ signal, destinations: undefined, context: { javaScriptEnabled: false } });
  try {
    return await session.during(async () => {
      await session.page.setContent(html, { waitUntil: 'load', timeout: PDF_MS });
      return session.page.pdf({
        format: 'A4',
        printBackground: true,
        preferCSSPageSize: false,
        displayHeaderFooter: true,
        headerTemplate: '<span></span>',
        footerTemplate:
          '<div style="font-size:8px;width:100%;text-align:center"><span class="pageNumber"></span> / <span class="totalPages"></span></div>',
        margin: { top: '15mm', bottom: '18mm', left: '15mm', right: '15mm' },
        tagged: true,
      });
    });
  } finally {
    await session.close();
  }
}
