import { Injectable } from '@nestjs/common';
import {
  artifactFolder,
  FolderArtifacts,
  type Artifact,
  type OpenArtifact,
  type PartOf,
} from '#libs/artifacts';
import type { Settings } from '#libs/contracts';

/** Files that jobs have left behind, as far as this process sees them: in its own `DATA_DIR`. */
@Injectable()
export class ArtifactFiles {
  constructor(private readonly settings: Pick<Settings, 'DATA_DIR' | 'QUEUE_NAME'>) {}

  list(jobId: string, queue: string | undefined): Promise<readonly Artifact[]> {
    return this.of(queue).list(jobId);
  }

  /** @throws {ArtifactNotFoundError}, {InvalidArtifactNameError} */
  open(jobId: string, name: string, queue: string | undefined, partOf: PartOf): Promise<OpenArtifact> {
    return this.of(queue).open({ jobId, name }, partOf);
  }

  private of(queue: string = this.settings.QUEUE_NAME): FolderArtifacts {
    return new FolderArtifacts(artifactFolder(this.settings.DATA_DIR, queue));
  }
}
