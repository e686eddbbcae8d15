/** A figure with about four digits, and commas in thousands. */
export function figure(value) {
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** The reached and the missed targets of a case, one line each. */
export const verdictLines = ({ verdicts }) =>
  verdicts.map(({ text, reached }) => `${reached ? 'reached' : 'NOT reached'}: ${text}`);
