// Names each test that passed only when it was tried again: `.ci/run` lists these lines at its end.
import type { TestModule } from 'vitest/node';
import type { Reporter } from 'vitest/reporters';

export default class RetryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        if (test.diagnostic()?.flaky) process.stdout.write(`retried: ${module.relativeModuleId} > ${test.fullName}\n`);
      }
    }
  }
}
