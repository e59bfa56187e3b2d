import type { CatalogueEntry } from './entry.js';

/** Codes about Ingress. */
export const ingressesCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND601',
    title: 'Nobody serves the Ingress',
    means:
      'No pod of the controller of this class runs or is Ready, or the controller looks at other namespaces only.',
    mend: 'Install or mend the controller.',
    evidence: ['objects'],
  },
  {
    code: 'ND602',
    title: 'Ingress class missing',
    means:
      'The class that the Ingress names does not exist, or it names none and there is no default one, or two.',
    mend: 'Name a class that exists, or make one the default.',
    evidence: ['objects'],
  },
  {
    code: 'ND603',
    title: 'Backend Service missing',
    means:
      'A rule leads to a Service that does not exist in the namespace of the Ingress. Others cannot be named.',
    mend: 'Correct the name, or create the Service.',
    evidence: ['objects'],
  },
  {
    code: 'ND604',
    title: 'Backend port not in the Service',
    means:
      'A rule asks for a port that the Service does not have. It is the port of the Service that counts, not that of its pods.',
    mend: 'Name a port of the Service.',
    evidence: ['objects'],
  },
  {
    code: 'ND605',
    title: 'Backend without endpoints',
    means: 'The Service behind a rule has no ready endpoint: clients get 503.',
    mend: 'See why no pod behind the Service is ready.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND606',
    title: 'TLS Secret missing or incomplete',
    means:
      'The Secret that spec.tls names does not exist in the namespace of the Ingress, or lacks tls.crt or tls.key: the controller shows a certificate of its own.',
    mend: 'Create the Secret; with cert-manager see why the Certificate is not Ready.',
    evidence: ['objects'],
  },
  {
    code: 'ND607',
    title: 'Certificate does not fit',
    means: 'The certificate that is shown is for another name, is over, or is not trusted.',
    mend: 'Renew it, put the right one into the Secret, send the whole chain.',
    evidence: ['probe'],
  },
  {
    code: 'ND608',
    title: 'Host of no rule',
    means:
      'No Ingress and no route is for the host that is called. The star of a wildcard in an Ingress is exactly one label.',
    mend: 'Call the host of a rule, or add one.',
    evidence: ['objects'],
  },
  {
    code: 'ND609',
    title: 'Path of no rule',
    means:
      'There are rules for the host and none for the path (Exact is exact to the last slash, Prefix goes by whole elements), or a rewrite asks the backend for another path.',
    mend: 'Call a path of a rule, add one, or give the rewrite its groups.',
    evidence: ['objects'],
  },
  {
    code: 'ND610',
    title: 'Host and path in two Ingresses',
    means:
      'Two Ingresses of one class have the same host and path. ingress-nginx takes the older one; others decide otherwise.',
    mend: 'Take the rule out of one of them.',
    evidence: ['objects'],
  },
  {
    code: 'ND611',
    title: 'Controller and backend speak different protocols',
    means:
      'The controller speaks HTTP to a backend that wants TLS or gRPC, or TLS to one that speaks HTTP: clients get 502 or 400.',
    mend: 'Say the protocol of the backend: nginx.ingress.kubernetes.io/backend-protocol, or what the controller has for it.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND612',
    title: 'Policy between controller and backend',
    means: 'A policy keeps the pods of the controller from the backend: clients get 504.',
    mend: 'Admit the pods of the controller in its namespace.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND613',
    title: 'Admission webhook dead',
    means:
      'A validating webhook with failurePolicy Fail has to agree to every change of an Ingress, and nobody answers: changes are refused.',
    mend: 'Bring the controller back, or delete the webhook configuration that it left.',
    evidence: ['objects', 'log'],
  },
  {
    code: 'ND614',
    title: 'Backend that the controller does not take',
    means:
      'The backend is a resource, or a Service of type ExternalName, and the controller takes no such thing.',
    mend: 'Name a Service with endpoints.',
    evidence: ['objects'],
  },
];
