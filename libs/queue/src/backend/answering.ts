import type { RedisClient } from './scripts.js';

/** How long Redis may take to answer PING, besides what it has been sent before. */
const ANSWER_MS = 1000;
const OPEN = ['connecting', 'connect', 'ready'];

/** Whether Redis answers before the connection is closed; one that is being opened is waited for. */
async function answers(client: RedisClient): Promise<boolean> {
  if (!OPEN.includes(client.status)) return false;
  let giveUp = (): void => undefined;
  const lost = new Promise<false>((resolve) => (giveUp = () => resolve(false)));
  const timer = setTimeout(giveUp, ANSWER_MS);
  client.once('close', giveUp);
  const answered = client.ping().then(
    () => true,
    () => false,
  );
  const answer = await Promise.race([answered, lost]);
  clearTimeout(timer);
  client.off('close', giveUp);
  return answer;
}

/** Waits until `work`, which never rejects, is done, or `client` turns out to be away. */
export async function whileAnswering(client: RedisClient, work: Promise<void>): Promise<void> {
  let goesOn = true;
  const end = work.then(() => (goesOn = false));
  while (goesOn && (await Promise.race([end, answers(client)])));
}
