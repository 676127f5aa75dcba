// The history of generations decides nothing in the simulation: it is not written, and no git is asked.
export const readHistory = async (): Promise<never[]> => [];
export const saveHistory = async (): Promise<void> => undefined;
export const commitOf = async (): Promise<null> => null;
