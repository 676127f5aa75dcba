// Names each test that failed, and each that passed only when it was tried again, with the first line of its error:
// `.ci/run` lists these lines at its end.
import { stripVTControlCharacters } from 'node:util';
import type { TestModule } from 'vitest/node';
import type { Reporter } from 'vitest/reporters';

type WithErrors = { errors?: ReadonlyArray<{ message?: string }> | undefined };

const firstLine = ({ errors }: WithErrors): string =>
  stripVTControlCharacters(errors?.[0]?.message ?? 'no error')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(0, 3)
    .join(' ')
    .slice(0, 300);

export default class RetryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const print = (kind: string, module: TestModule, name: string, result: WithErrors): void => {
      process.stdout.write(`${kind}: ${module.relativeModuleId} > ${name}: ${firstLine(result)}\n`);
    };
    for (const module of modules) {
      if (module.errors().length > 0) print('failed', module, 'the file itself', { errors: module.errors() });
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'failed') print('failed', module, test.fullName, result);
        else if (test.diagnostic()?.flaky) print('retried', module, test.fullName, result);
      }
    }
  }
}
