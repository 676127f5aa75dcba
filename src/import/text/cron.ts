// Intervals of other tools -> cron expressions. Pure.

/** Every 10 s, 5 m, 2 h: intervals that divide the next unit. @returns null for others */
export function cronOfInterval(ms: number): string | null {
  const seconds = ms / 1000;
  const minutes = seconds / 60;
  const hours = minutes / 60;
  if (Number.isInteger(hours) && 24 % hours === 0) return hours === 24 ? '0 0 * * *' : `0 */${hours} * * *`;
  if (Number.isInteger(minutes) && 60 % minutes === 0) return minutes === 1 ? '* * * * *' : `*/${minutes} * * * *`;
  return Number.isInteger(seconds) && 60 % seconds === 0 ? `*/${seconds} * * * * *` : null;
}
