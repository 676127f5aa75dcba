// Words of procs.yaml that an import uses where this version has them. One switch for each word, so that a new word is one line.

/** A rule asks before it writes the word, and reports what is lost without it. */
export const hasWord = {
  /** `rotate: { max_age: 7d }` */
  rotateMaxAge: true,
  /** `schedule: { every: 45s }` */
  scheduleEvery: true,
  /** `schedule: { at_start: true }` */
  scheduleAtStart: true,
  /** `schedule: { time_zone: local }` */
  localTime: true,
  /** `restart: { cron }` */
  restartCron: true,
  /** `timeout` of a task */
  timeout: true,
};
