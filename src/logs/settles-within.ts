// Waits for a promise, but no longer than a deadline.

/** @returns whether `work` resolved or rejected within `ms`. Never rejects. */
export async function settlesWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms), false);
  });
  const settled = () => true;
  const isInTime = await Promise.race([work.then(settled, settled), late]);
  clearTimeout(timer);
  return isInTime;
}
