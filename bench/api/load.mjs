import autocannon from 'autocannon';
import { UserError } from '../../scripts/lib/messages.mjs';

/**
 * Sends requests for some seconds and tells how they went.
 * @param rate requests a second over all connections; undefined = as many as are answered
 * @returns requests answered with 2xx a second, times in ms
 */
export async function load({ url, headers, connections, seconds, rate, requests }) {
  const result = await autocannon({
    url,
    connections,
    duration: seconds,
    headers: { 'content-type': 'application/json', ...headers },
    requests,
    ...(rate && { overallRate: rate }),
  });
  const failed = result.non2xx + result.errors + result.timeouts;
  if (failed > 0) {
    throw new UserError(
      `${failed} of ${result.requests.total} requests failed: ${JSON.stringify(result.statusCodeStats ?? {})}`,
    );
  }
  const { p50, p97_5, p99, max } = result.latency;
  return { total: result['2xx'], perSecond: result['2xx'] / result.duration, p50, p97_5, p99, max };
}
