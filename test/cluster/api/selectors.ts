import type { Stored } from '../types.js';
import { allAt, textOf } from './json.js';
import type { ResourceType } from './resources.js';
import { badRequest } from './status.js';

export type Predicate = (object: Stored) => boolean;

interface Requirement {
  readonly key: string;
  readonly operator: 'exists' | 'absent' | 'in' | 'notin' | 'gt' | 'lt';
  readonly values: readonly string[];
}

const words = /\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)/gy;

function tokens(text: string): string[] {
  return [...text.matchAll(words)].map((match) => match[1] ?? '');
}

function isSpecial(token: string): boolean {
  return /^(==|!=|[=!<>(),])$/.test(token);
}

function unexpected(found: string, expected: string): Error {
  return badRequest(`unable to parse requirement: found '${found}', expected: ${expected}`);
}

class Reader {
  private readonly rest: string[];
  constructor(text: string) {
    this.rest = tokens(text);
  }
  get peek(): string {
    return this.rest[0] ?? '';
  }
  next(): string {
    return this.rest.shift() ?? '';
  }
}

function identifier(reader: Reader, expected: string): string {
  const token = reader.next();
  if (token === '' || isSpecial(token)) throw unexpected(token, expected);
  return token;
}

function valueSet(reader: Reader): string[] {
  const open = reader.next();
  if (open !== '(') throw unexpected(open, "'('");
  const values: string[] = [];
  while (reader.peek !== ')') {
    if (reader.peek === ',') {
      reader.next();
      continue;
    }
    values.push(identifier(reader, "',', or identifier"));
  }
  reader.next();
  return values;
}

function exactValue(reader: Reader): string {
  return reader.peek === '' || reader.peek === ',' ? '' : identifier(reader, 'identifier');
}

function requirement(reader: Reader): Requirement {
  if (reader.peek === '!') {
    reader.next();
    return { key: identifier(reader, 'identifier'), operator: 'absent', values: [] };
  }
  const key = identifier(reader, "!, identifier, or 'end of string'");
  if (reader.peek === '' || reader.peek === ',') return { key, operator: 'exists', values: [] };
  const operator = reader.next();
  switch (operator) {
    case 'in':
    case 'notin':
      return { key, operator, values: valueSet(reader) };
    case '=':
    case '==':
      return { key, operator: 'in', values: [exactValue(reader)] };
    case '!=':
      return { key, operator: 'notin', values: [exactValue(reader)] };
    case '>':
    case '<':
      return { key, operator: operator === '>' ? 'gt' : 'lt', values: [exactValue(reader)] };
    default:
      throw unexpected(operator, 'in, notin, =, ==, !=, gt, lt');
  }
}

function holds(labels: Readonly<Record<string, string>>, { key, operator, values }: Requirement): boolean {
  const value = labels[key];
  switch (operator) {
    case 'exists':
      return value !== undefined;
    case 'absent':
      return value === undefined;
    case 'in':
      return value !== undefined && values.includes(value);
    case 'notin':
      return value === undefined || !values.includes(value);
    case 'gt':
      return value !== undefined && Number(value) > Number(values[0]);
    case 'lt':
      return value !== undefined && Number(value) < Number(values[0]);
  }
}

/** A labelSelector as a test of labels. Throws 400 with the words of the real parser. */
export function labelSelector(text: string): (labels: Readonly<Record<string, string>>) => boolean {
  const reader = new Reader(text);
  const requirements: Requirement[] = [];
  while (reader.peek !== '') {
    requirements.push(requirement(reader));
    if (reader.peek === '') break;
    const comma = reader.next();
    if (comma !== ',') throw unexpected(comma, "',' or 'end of string'");
  }
  return (labels) => requirements.every((item) => holds(labels, item));
}

interface FieldTerm {
  readonly path: string;
  readonly equal: boolean;
  readonly value: string;
}

function fieldTerms(text: string): FieldTerm[] {
  return text
    .split(',')
    .filter((part) => part !== '')
    .map((part) => {
      const match = /^(.*?)(!=|==|=)(.*)$/.exec(part);
      if (match === null) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
      return { path: match[1] ?? '', equal: match[2] !== '!=', value: match[3] ?? '' };
    });
}

function fieldValue(object: Stored, path: string): string {
  if (path === 'source') return textOf(allAt(object, ['source', 'component'])[0]) ?? '';
  const value = allAt(object, path.split('.'))[0];
  return typeof value === 'string'
    ? value
    : value === undefined || value === null
      ? ''
      : JSON.stringify(value);
}

/** A fieldSelector as a predicate. Throws 400 for a field that this resource does not select by. */
export function fieldSelector(type: ResourceType, text: string): Predicate {
  const terms = fieldTerms(text);
  for (const { path } of terms) {
    if (path !== 'metadata.name' && path !== 'metadata.namespace' && !type.fields.includes(path)) {
      throw badRequest(`field label not supported: ${path}`);
    }
  }
  return (object) => terms.every((term) => (fieldValue(object, term.path) === term.value) === term.equal);
}

/** The name that `metadata.name=x` asks for: rights on a resourceName count for lists and watches that say so. */
export function selectedName(text: string | null): string | undefined {
  if (text === null || text === '') return undefined;
  try {
    return fieldTerms(text).find((term) => term.path === 'metadata.name' && term.equal)?.value;
  } catch {
    return undefined;
  }
}
