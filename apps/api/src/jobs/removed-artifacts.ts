import { join } from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { FolderArtifacts, type ArtifactStore } from '#libs/artifacts';
import type { Settings } from '#libs/contracts';

/**
 * Removes what a removed job has left behind, where the API can reach it: in its own `DATA_DIR`. Whatever stays is
 * removed by the workers when it is old enough.
 */
@Injectable()
export class RemovedArtifacts {
  private readonly logger = new Logger('Artifacts');
  private readonly store: Pick<ArtifactStore, 'remove'> | undefined;

  constructor({ DATA_DIR, MORE_QUEUES }: Pick<Settings, 'DATA_DIR' | 'MORE_QUEUES'>) {
    // Artifacts are kept by the ids of jobs: with more queues, another one's job may have the same.
    this.store = MORE_QUEUES.length === 0 ? new FolderArtifacts(join(DATA_DIR, 'artifacts')) : undefined;
  }

  /** Never fails: the job is gone already. */
  async remove(jobId: string): Promise<void> {
    try {
      await this.store?.remove(jobId);
    } catch (error) {
      this.logger.warn(`artifacts of removed job ${jobId} stay for now: ${(error as Error).message}`);
    }
  }
}
