/** Path of the Bun that npm installed for this platform, if there is one. */
export declare function findBun(): string | undefined;
