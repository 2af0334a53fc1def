/** What every command that asks a node is told. */
export interface QueryOptions {
  /** `--admin`; undefined: the only local node. */
  readonly admin: string | undefined;
  readonly json?: boolean;
}
