import type { CatalogueEntry } from './entry.js';

/** Codes about Gateway API. */
export const gatewaysCodes: readonly CatalogueEntry[] = [
  {
    code: 'ND651',
    title: 'Class of the Gateway missing or not accepted',
    means:
      'The GatewayClass that the Gateway names does not exist, its controller refuses it (InvalidParameters, UnsupportedVersion), or no controller has taken it up: nobody carries the Gateway out.',
    mend: 'Name a class that exists and is accepted, or install the controller that brings it.',
    evidence: ['objects'],
  },
  {
    code: 'ND652',
    title: 'Gateway not accepted or not carried out',
    means:
      'The controller refuses the Gateway or cannot carry it out (NoResources, AddressNotAssigned, ListenersNotValid), its status is of an older spec (observedGeneration behind generation), or there is none.',
    mend: 'Mend what the reason says; where the status is old or missing, see whether the controller runs.',
    evidence: ['objects'],
  },
  {
    code: 'ND653',
    title: 'Listener broken',
    means:
      'A listener is in conflict with another one, its certificate does not exist or is in a namespace without a ReferenceGrant for it, its kinds of routes do not go with its protocol, or it has no route though routes name it.',
    mend: 'Give listeners of one port different hostnames, make the Secret or the ReferenceGrant.',
    evidence: ['objects'],
  },
  {
    code: 'ND654',
    title: 'Route not accepted',
    means:
      'The route attaches to no listener of the Gateway that it names: its namespace is not allowed (labels of the namespace count, not those of the route), no hostname fits, there is no such listener or Gateway, the controller does not support a value, or it has said nothing.',
    mend: 'Mend what keeps it from the listener that the report names as the nearest.',
    evidence: ['objects'],
  },
  {
    code: 'ND655',
    title: 'Backend of a route not resolved',
    means:
      'A backendRef names a Service that does not exist or lacks the port, one of another namespace without a ReferenceGrant there, or a kind or protocol that the controller does not take: clients get 500.',
    mend: 'Correct the name or the port, or apply the ReferenceGrant that the report prints.',
    evidence: ['objects'],
  },
  {
    code: 'ND656',
    title: 'Route carried out in part',
    means:
      'The controller says PartiallyInvalid: it dropped the rules that it cannot carry out, or fell back to what the route was before.',
    mend: 'Mend the rule that the message of the controller names.',
    evidence: ['objects'],
  },
  {
    code: 'ND657',
    title: 'Weights that lead nowhere',
    means:
      'All backends of a rule have weight 0, or those that have a weight have no ready endpoint, while a live one may have weight 0.',
    mend: 'Give the live backend a weight, or bring the others up.',
    evidence: ['objects'],
  },
];
