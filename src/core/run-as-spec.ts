// The user that the processes of a service run as. Plain serialisable data.

/** As the system knew it when the file was loaded. `hasEntry`: it has a name there, and groups. */
export type UserAccount = { name: string; uid: number; gid: number; home: string; hasEntry: boolean };

export type RunAs = {
  /** Null: the user and the groups of orch itself. */
  user: UserAccount | null;
  /** Null: that of `user`. */
  group: { name: string; gid: number } | null;
  /** Octal; null: that of orch. */
  umask: string | null;
};
