/** Uses of the program that take rights of their own, in the order in which they are printed. */
export const useNames = ['debug', 'targets', 'logs', 'policy', 'matrix', 'nodes'] as const;
export type UseName = (typeof useNames)[number];
