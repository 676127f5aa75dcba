// Where the programs of these tests lie.
export const PROGRAMS: string = new URL('./programs/', import.meta.url).pathname;
