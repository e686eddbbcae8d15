export * from './framework/index.js';
export * from './loading/index.js';
export { BUNDLED_PLUGINS, bundledPlugins } from './plugins/bundled.js';
export { EmailSendPlugin } from './plugins/email-send/email-send.plugin.js';
export { readEmailSendSettings } from './plugins/email-send/settings.js';
export { ExamplePlugin } from './plugins/example/example.plugin.js';
export { HttpRequestPlugin } from './plugins/http-request/http-request.plugin.js';
export { readHttpRequestSettings } from './plugins/http-request/settings.js';
export * from './processing/index.js';
