import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { NetdebugError } from '../../src/errors.js';
import { kinds } from '../../src/target/kinds.js';
import {
  formatReference,
  parseReference,
  type Reference,
  type ReferencePlace,
} from '../../src/target/reference.js';

const object = (kind: string, name: string, more: object = {}) => ({
  type: 'object',
  kind,
  name,
  protocol: 'tcp',
  ...more,
});

describe('parseReference', () => {
  test.each<[string, ReferencePlace, object]>([
    ['web-0', 'object', object('pod', 'web-0')],
    ['pod/web-0', 'object', object('pod', 'web-0')],
    ['po/web-0', 'object', object('pod', 'web-0')],
    ['Pods/web-0', 'object', object('pod', 'web-0')],
    ['shop/deploy/api', 'object', object('deployment', 'api', { namespace: 'shop' })],
    ['deployments.apps/api', 'object', object('deployment', 'api')],
    ['deployment.v1.apps/api', 'object', object('deployment', 'api')],
    ['svc/api:80', 'object', object('service', 'api', { port: 80 })],
    ['svc/api:http', 'object', object('service', 'api', { port: 'http' })],
    [
      'shop/svc/dns:53/udp',
      'object',
      object('service', 'dns', { namespace: 'shop', port: 53, protocol: 'udp' }),
    ],
    ['svc/dns:53/UDP', 'object', object('service', 'dns', { port: 53, protocol: 'udp' })],
    ['node/worker-1.example.com', 'object', object('node', 'worker-1.example.com')],
    ['httproutes/r', 'object', object('httproute', 'r')],
    ['external', 'either', { type: 'external' }],
    ['web-0', 'either', object('pod', 'web-0')],
    ['example.com', 'either', { type: 'host', host: 'example.com', protocol: 'tcp' }],
    ['web', 'destination', { type: 'host', host: 'web', protocol: 'tcp' }],
    [
      'kubernetes.default:443',
      'destination',
      { type: 'host', host: 'kubernetes.default', port: 443, protocol: 'tcp' },
    ],
    ['svc/api', 'destination', object('service', 'api')],
    ['10.0.0.1', 'destination', { type: 'ip', ip: '10.0.0.1', family: 4, protocol: 'tcp' }],
    ['10.0.0.1:53/udp', 'destination', { type: 'ip', ip: '10.0.0.1', family: 4, port: 53, protocol: 'udp' }],
    ['fd00::1', 'destination', { type: 'ip', ip: 'fd00::1', family: 6, protocol: 'tcp' }],
    ['[fd00::1]', 'destination', { type: 'ip', ip: 'fd00::1', family: 6, protocol: 'tcp' }],
    ['[fd00::1]:8080', 'destination', { type: 'ip', ip: 'fd00::1', family: 6, port: 8080, protocol: 'tcp' }],
    [
      'https://example.com/x?y=1',
      'destination',
      { type: 'url', url: 'https://example.com/x?y=1', host: 'example.com', port: 443, protocol: 'tcp' },
    ],
    [
      'http://[fd00::1]:8080/',
      'destination',
      { type: 'url', url: 'http://[fd00::1]:8080/', host: 'fd00::1', port: 8080, protocol: 'tcp' },
    ],
  ])('%s (%s)', (text, place, expected) => {
    expect(parseReference(text, place)).toEqual(expected);
  });

  test.each<[string, ReferencePlace, RegExp]>([
    ['', 'object', /empty/],
    ['dep/api', 'object', /Did you mean deploy/],
    ['shop/api', 'object', /shop\/pod\/api/],
    ['a/b/c/d', 'object', /\[NAMESPACE\/\]KIND\/NAME/],
    ['pod/', 'object', /KIND\/NAME/],
    ['shop/node/n1', 'object', /node\/n1/],
    ['pod/Web', 'object', /lower case: web/],
    ['web:80', 'object', /Write pod\/web:80/],
    ['10.0.0.1', 'object', /is an address/],
    ['external', 'object', /outside the cluster/],
    ['svc/api:0', 'object', /1 to 65535/],
    ['svc/api:65536', 'object', /1 to 65535/],
    ['svc/api:http_x', 'object', /neither a port number/],
    ['svc/api:80/icmp', 'object', /tcp, udp, sctp/],
    ['svc/api:80:90', 'object', /not a reference/],
    ['10.0.0.256', 'destination', /not an IPv4 address/],
    ['[10.0.0.1]:80', 'destination', /not an IPv6 address/],
    ['[fd00::1]x', 'destination', /after the address/],
    ['ftp://example.com', 'destination', /http and https/],
    ['-w', 'destination', /neither a host name/],
    ['$(id)', 'destination', /neither a host name/],
    ['pod/x\u001b[31m', 'object', /cannot be the name/],
  ])('refuses %j (%s)', (text, place, expected) => {
    let error: unknown;
    try {
      parseReference(text, place);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(NetdebugError);
    const { message, hint, exitCode } = error as NetdebugError;
    expect(exitCode).toBe(2);
    expect(`${message} ${hint ?? ''}`).toMatch(expected);
    expect(message).not.toContain('\u001b');
  });

  test('whatever is written by formatReference is read as the same', () => {
    const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$/);
    const port = fc.record(
      {
        port: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('http', 'dns-tcp')),
        protocol: fc.constantFrom('tcp', 'udp', 'sctp'),
      },
      { requiredKeys: ['port', 'protocol'] },
    );
    const end = fc.oneof(port, fc.constant({ protocol: 'tcp' }));
    const reference = fc.oneof(
      fc
        .tuple(fc.constantFrom(...kinds), label, fc.option(label, { nil: undefined }), end)
        .map(([info, name, namespace, tail]) => ({
          type: 'object',
          kind: info.kind,
          ...(namespace === undefined || !info.namespaced ? {} : { namespace }),
          name,
          ...tail,
        })),
      fc.tuple(fc.ipV4(), end).map(([ip, tail]) => ({ type: 'ip', ip, family: 4, ...tail })),
      fc.tuple(fc.ipV6(), end).map(([ip, tail]) => ({ type: 'ip', ip, family: 6, ...tail })),
      fc.tuple(label, label, end).map(([a, b, tail]) => ({ type: 'host', host: `${a}.${b}`, ...tail })),
    );
    fc.assert(
      fc.property(reference, (one) => {
        expect(parseReference(formatReference(one as Reference), 'destination')).toEqual(one);
      }),
    );
  });

  test('any text at all is either a reference or a usage error', () => {
    fc.assert(
      fc.property(
        fc.string({ maxLength: 40 }),
        fc.constantFrom<ReferencePlace>('object', 'destination', 'either'),
        (text, place) => {
          try {
            parseReference(text, place);
          } catch (error) {
            expect(error).toBeInstanceOf(NetdebugError);
            expect((error as NetdebugError).exitCode).toBe(2);
          }
        },
      ),
    );
  });
});
