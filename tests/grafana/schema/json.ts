/**
 * What a type of Grafana's looks like in a file: enumerations are written by their values there, the rest stays, and no
 * property is allowed that Grafana does not name. What Grafana leaves open (`unknown`, `any`) stays open.
 */
export type Json<T> = 0 extends 1 & T
  ? T // any
  : unknown extends T
    ? T
    : T extends string
      ? `${T}`
      : T extends number | boolean | null | undefined
        ? T
        : T extends ReadonlyArray<infer Item>
          ? Array<Json<Item>>
          : T extends object
            ? { [Key in keyof T]: Json<T[Key]> }
            : never;

/** `T` with the properties of `U` in place of its own of the same name. */
export type With<T, U> = Omit<T, keyof U> & U;
