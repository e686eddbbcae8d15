import { join } from 'node:path';

/** Folder of the artifacts of a queue's jobs, in the data folder of the process: jobs of two queues may have the same id. */
export const artifactFolder = (dataDir: string, queue: string): string =>
  join(dataDir, 'artifacts', queueFolderName(queue));

/** A queue's name as that of a folder, which it cannot leave. */
export const queueFolderName = (queue: string): string => encodeURIComponent(queue).replaceAll('.', '%2E');
