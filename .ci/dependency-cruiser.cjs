// The import rules of docs/architecture.md, enforced.
const room = (name, allowed) => ({
  name: `${name.replaceAll('/', '-')}-imports`,
  comment: `src/${name} may import only: src/errors.ts, itself${allowed.map((a) => `, ${a}`).join('')}`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: {
    path: '^(src|plugin|test)/',
    pathNot: [`^src/${name}/`, '^src/errors\\.ts$', ...allowed.map((a) => `^src/${a}/`)],
  },
});

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-test-imports', severity: 'error', from: { path: '^(src|plugin)/' }, to: { path: '^test/' } },
    { name: 'no-plugin-below', severity: 'error', from: { path: '^src/' }, to: { path: '^plugin/' } },
    {
      name: 'api-packages-only-in-kube',
      severity: 'error',
      from: { path: '^(src|plugin)/', pathNot: '^src/kube/' },
      to: { path: 'node_modules/(@kubernetes/client-node|ws|@types/ws)/' },
    },
    {
      name: 'yargs-only-in-plugin',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: 'node_modules/(@types/)?yargs/' },
    },
    {
      name: 'tar-stream-only-in-transfer',
      severity: 'error',
      from: { path: '^(src|plugin)/', pathNot: '^src/transfer/' },
      to: { path: 'node_modules/(@types/)?tar-stream/' },
    },
    {
      name: 'pcap-is-pure',
      severity: 'error',
      from: { path: '^src/pcap/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    {
      // The evaluator is a function of objects: nothing of a cluster, a process or the time. Its npm packages are arithmetic.
      name: 'diagnose-policy-is-pure',
      severity: 'error',
      from: { path: '^src/diagnose/policy/' },
      to: { dependencyTypes: ['core', 'npm'], pathNot: 'node_modules/(ipaddr\\.js|rfc6902)/' },
    },
    {
      name: 'diagnose-policy-stands-alone',
      severity: 'error',
      from: { path: '^src/diagnose/policy/' },
      to: { path: '^src/', pathNot: '^src/diagnose/(policy/|reading\\.ts$)' },
    },
    {
      name: 'diagnose-snapshot-knows-no-flows',
      severity: 'error',
      from: { path: '^src/diagnose/snapshot/' },
      to: { path: '^src/diagnose/flows/' },
    },
    {
      // Checks are functions of facts: no cluster, no process, no clock.
      name: 'diagnose-checks-are-pure',
      severity: 'error',
      from: {
        path: '^src/diagnose/(checks/|model/|outside/(?!wants|external-dns|target|seen|here)|catalogue/|(rank|trace|finding|command|diagnose)\\.ts$)',
      },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    {
      name: 'diagnose-checks-ask-nobody',
      severity: 'error',
      from: {
        path: '^src/diagnose/(checks/|model/|outside/(?!wants|external-dns|target|seen|here)|catalogue/|(rank|trace|finding|command|diagnose)\\.ts$)',
      },
      to: {
        path: '^src/(kube|target)/|^src/diagnose/snapshot/(cluster|files)\\.ts$',
        pathNot: '^src/(kube/types|target/(pods|near|kinds|reference))\\.ts$',
      },
    },
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^(src|plugin)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    room('kube', []),
    room('target', ['kube']),
    room('debugger', ['kube', 'target']),
    room('tools', ['kube', 'debugger']),
    room('pcap', []),
    room('logs', ['kube']),
    room('diagnose', ['kube', 'target', 'debugger', 'tools', 'logs']),
    room('transfer', ['kube', 'target', 'debugger', 'tools']),
    room('matrix', ['kube', 'target', 'debugger', 'tools', 'diagnose']),
    room('report', ['matrix', 'diagnose']),
    room('doctor', ['kube', 'target', 'debugger', 'capture']),
    room('capture', ['kube', 'target', 'debugger', 'tools', 'pcap', 'transfer']),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['import', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
