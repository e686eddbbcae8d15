import type { NestExpressApplication } from '@nestjs/platform-express';
import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import { problemSchema } from '#libs/contracts';
import { KEY_SCHEME, SESSION_SCHEME } from '../access/access.decorator.js';
import { SESSION_COOKIE } from '../access/sessions/session-cookie.js';

/** Path of the page, under the API's prefix; its JSON is at `<path>-json`. */
export const DOCS_PATH = 'docs';

/** Serves the OpenAPI page and document. Call it before the application's own routes are registered. */
export function serveDocs(app: NestExpressApplication): void {
  SwaggerModule.setup(DOCS_PATH, app, () => createDocument(app), {
    useGlobalPrefix: true,
    customSiteTitle: 'Drover API',
    swaggerOptions: { tryItOutEnabled: true },
  });
}

function createDocument(app: NestExpressApplication): OpenAPIObject {
  const config = new DocumentBuilder()
    .setTitle('Drover')
    .setDescription(
      'Jobs on one Redis queue, shared by Go services and TypeScript workers. ' +
        'Every error is a problem document (RFC 9457) whose `code` is stable.',
    )
    .setVersion('1')
    // Not addBearerAuth: it says that keys are JWTs.
    .addSecurity(KEY_SCHEME, { type: 'http', scheme: 'bearer', description: 'An API key.' })
    .addSecurity(SESSION_SCHEME, {
      type: 'apiKey',
      in: 'cookie',
      name: SESSION_COOKIE,
      description: 'The session of a browser; what changes something must come from a page of this server.',
    })
    .addTag('jobs', 'Add, look at and act on jobs.')
    .addTag('health', 'Whether the API and Redis work.')
    .addTag('session', 'Sign in and out.')
    .addTag('keys', 'API keys.')
    .addTag('audit', 'What was done, by whom.')
    .build();
  const document = SwaggerModule.createDocument(app, config);
  const problem = problemSchema['~standard'].jsonSchema.output({ target: 'openapi-3.0' });
  document.components = {
    ...document.components,
    schemas: { ...document.components?.schemas, ...(problem['definitions'] as object) },
  };
  return document;
}
