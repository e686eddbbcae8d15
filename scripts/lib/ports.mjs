import net from 'node:net';

function listenOnce(port, host) {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => {
      const bound = server.address().port;
      server.close(() => resolve(bound));
    });
  });
}

/** A port nobody listens on at the moment. Somebody else may take it first: callers retry. */
export const freePort = (host = '127.0.0.1') => listenOnce(0, host);

/** Why `port` cannot be listened on (`EADDRINUSE`, `EACCES`, ...), or undefined if it can. */
export async function portProblem(port, host) {
  try {
    await listenOnce(port, host);
    return undefined;
  } catch (error) {
    return error.code ?? String(error);
  }
}
