// Every command of orch, in the order of the help: what commander, help, completion and the reference page are made of.
// Command modules import only light code; what a command needs to run is loaded inside its `run`.
import { applyCommand } from './commands/apply.ts';
import { attachCommand } from './commands/attach.ts';
import { completeCommand, completionCommand } from './commands/completion.ts';
import { configCommand } from './commands/config.ts';
import { diffCommand } from './commands/diff.ts';
import { downCommand } from './commands/down.ts';
import { envsCommand } from './commands/envs.ts';
import { eventsCommand } from './commands/events.ts';
import { execCommand } from './commands/exec-in-instance.ts';
import { exportCommand } from './commands/export.ts';
import { historyCommand } from './commands/history.ts';
import { importCommand } from './commands/import.ts';
import { initCommand } from './commands/init.ts';
import { logsCommand } from './commands/logs.ts';
import { pauseCommand, resumeCommand } from './commands/pause-resume.ts';
import { planCommand } from './commands/plan.ts';
import { type PsOptions, psCommand, showStatus } from './commands/ps.ts';
import { reloadCommand } from './commands/reload.ts';
import { resetTermCommand } from './commands/reset-term.ts';
import { rollbackCommand } from './commands/rollback.ts';
import { runCommand } from './commands/run.ts';
import { scaleCommand } from './commands/scale.ts';
import { signalCommand } from './commands/send-signal.ts';
import { showCommand } from './commands/show-details.ts';
import { restartCommand, startCommand, stopCommand } from './commands/start-stop-restart.ts';
import { upCommand } from './commands/up.ts';
import { upgradeCommand } from './commands/upgrade.ts';
import { validateCommand } from './commands/validate.ts';
import { waitCommand } from './commands/wait.ts';
import { whyCommand } from './commands/why.ts';
import type { CommandDefinition } from './context/definition.ts';
import { selectedStatus } from './context/selected-status.ts';

/** The fast path knows `ps` only without names. */
const psWithNames: CommandDefinition<PsOptions> = {
  ...psCommand,
  run: (context, options, words) => showStatus(context, options, words, selectedStatus),
};

export const commands: CommandDefinition[] = [
  ...[upCommand, downCommand, runCommand, execCommand, upgradeCommand, attachCommand],
  ...[
    psWithNames,
    eventsCommand,
    logsCommand,
    whyCommand,
    showCommand,
    waitCommand,
    planCommand,
    diffCommand,
    historyCommand,
  ],
  ...[startCommand, stopCommand, restartCommand, reloadCommand, signalCommand, scaleCommand],
  ...[pauseCommand, resumeCommand, applyCommand, rollbackCommand],
  ...[initCommand, importCommand, exportCommand, validateCommand, configCommand, envsCommand],
  ...[completionCommand, resetTermCommand, completeCommand(() => commands)],
];
