/** The part of cliui 9 that is used here; the package carries no types. Source: its README. */
declare module 'cliui' {
  interface Column {
    readonly text: string;
    readonly width?: number;
    /** top, right, bottom, left */
    readonly padding?: readonly [number, number, number, number];
  }
  interface Ui {
    div(...columns: readonly Column[]): unknown;
    toString(): string;
  }
  export default function cliui(options: { readonly width: number; readonly wrap: boolean }): Ui;
}
