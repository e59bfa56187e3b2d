/** The same on Node as on the executable. */
import { byDefault } from '../program.js';

byDefault('on Node');
await import('../extcap.test.js');
