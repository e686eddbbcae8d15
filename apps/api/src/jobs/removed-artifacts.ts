import { Injectable, Logger } from '@nestjs/common';
import { artifactFolder, FolderArtifacts } from '#libs/artifacts';
import type { Settings } from '#libs/contracts';

/** Folders that are removed at the same time. */
const AT_ONCE = 20;

/**
 * Removes what removed jobs have left behind, where the API can reach it: in its own `DATA_DIR`. Whatever stays is
 * removed by the workers when it is old enough.
 */
@Injectable()
export class RemovedArtifacts {
  private readonly logger = new Logger('Artifacts');

  constructor(private readonly settings: Pick<Settings, 'DATA_DIR' | 'QUEUE_NAME'>) {}

  /** Never fails: the job is gone already. */
  async remove(jobId: string, queue: string = this.settings.QUEUE_NAME): Promise<void> {
    try {
      await new FolderArtifacts(artifactFolder(this.settings.DATA_DIR, queue)).remove(jobId);
    } catch (error) {
      this.logger.warn(`artifacts of removed job ${jobId} stay for now: ${(error as Error).message}`);
    }
  }

  /** The same for many jobs. */
  async removeAll(jobIds: readonly string[], queue?: string): Promise<void> {
    for (let from = 0; from < jobIds.length; from += AT_ONCE) {
      await Promise.all(jobIds.slice(from, from + AT_ONCE).map((id) => this.remove(id, queue)));
    }
  }
}
