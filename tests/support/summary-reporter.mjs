import { writeFileSync } from 'node:fs';

/** Writes the counts of a test run as JSON to the file that DROVER_TEST_SUMMARY names. */
export default class SummaryReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.DROVER_TEST_SUMMARY;
    if (!file) return;
    const summary = {
      passed: results.numPassedTests,
      // A file that does not even load has no tests that could fail; it counts as one.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    writeFileSync(file, JSON.stringify(summary));
  }
}
