// Put in by the build (.ci/build.mjs); absent when run from the sources.
declare const NETDEBUG_VERSION: string | undefined;

/** The program's version, or `0.0.0-source`. */
export const programVersion = typeof NETDEBUG_VERSION === 'string' ? NETDEBUG_VERSION : '0.0.0-source';
