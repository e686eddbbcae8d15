/** Whether `JSON.parse` takes it. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** A text that may have been written by a legacy service, as JSON: itself, or a JSON string of it. */
export const asJson = (text: string): string => (isJson(text) ? text : JSON.stringify(text));
