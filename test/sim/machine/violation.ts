// What ends a simulated run early: a broken property, or the death of the process that was just running.

/** An invariant (docs/invariants.md) does not hold. */
export class Violation extends Error {}

/** Thrown into code of a simulated process that has died: nothing it does from here on has any effect. */
export class Dead extends Error {
  constructor() {
    super('the simulated process is dead');
  }
}

/** A fault of the supervisor itself that a scenario asks for: it is never caught. */
export class InjectedFault extends Error {
  override stack = INJECTED_FAULT;
  constructor() {
    super(INJECTED_FAULT);
  }
}
export const INJECTED_FAULT = 'a fault that the scenario asks for';
