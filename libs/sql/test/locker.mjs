// Takes the lock on a folder as a process of its own, and says so: node locker.mjs <folder>
import { FolderLock } from '../../../dist/libs/sql/src/folder-lock.js';

try {
  await FolderLock.take(process.argv[2], Number(process.argv[3] ?? 0));
  console.log('taken');
  setInterval(() => undefined, 1000);
} catch (error) {
  console.log(`${error.code} ${error.pid}`);
}
