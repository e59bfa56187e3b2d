/**
 * Streams one exec to stdout through `src/kube`, and nothing else: what the capture path costs below the capture.
 * Usage: streamer NAMESPACE POD CONTAINER COMMAND [ARG...]; KUBECONFIG names the cluster.
 */
import { homedir } from 'node:os';
import { pipeline } from 'node:stream/promises';
import { connect } from '../../src/kube/connect.js';

const [namespace = '', pod = '', container = '', ...argv] = process.argv.slice(2);
const api = await connect({ env: process.env, homeDir: homedir() });
const session = await api.exec({ namespace, pod, container, argv });
session.stderr.pipe(process.stderr);
await pipeline(session.stdout, process.stdout);
const end = await session.done;
api.close();
process.exitCode = end.kind === 'exited' ? end.exitCode : 1;
