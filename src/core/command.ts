// What is run and with which variables, as it is declared: strings that are filled in for each instance. Types only.

/**
 * A string in which `$$` stands for `$` and `${PORT}`, `${ORCH_INSTANCE}` and the other per-instance variables are still
 * to be filled in for each instance; everything else was expanded at load.
 */
export type InstanceTemplate = string;

/** The value of a variable: in the configuration, or a secret that is read at each start. */
export type EnvValue = InstanceTemplate | { secret: SecretSource };

/** A file (absolute path), a variable of the last `up`, what a program prints, or a file that SOPS (`key`: one value in it)
 * or age (`identity`: file of the private key) decrypts. `timeoutMs` missing: the default. */
export type SecretSource =
  | InstanceTemplate
  | { kind: 'variable'; name: string }
  | { kind: 'command'; command: Command; timeoutMs?: number }
  | { kind: 'sops'; file: InstanceTemplate; key: InstanceTemplate | null; timeoutMs?: number }
  | { kind: 'age'; file: InstanceTemplate; identity: InstanceTemplate; timeoutMs?: number };

export type Command =
  /** Run as is. */
  | { kind: 'argv'; argv: InstanceTemplate[] }
  /** Run by the shell, which expands variables itself: never a template. */
  | { kind: 'shell'; line: string };
