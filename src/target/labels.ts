import { ExitCode, NetdebugError } from '../errors.js';
import { cleanText } from '../kube/text.js';

/** meta/v1 LabelSelector. */
export interface LabelRequirements {
  readonly matchExpressions: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
}

const key = String.raw`(?<key>[\w./-]+)`;
const value = String.raw`[\w.-]*`;
const forms = [
  [new RegExp(String.raw`^${key}\s+(?<word>in|notin)\s*\((?<values>[\w.,\s-]*)\)$`), undefined],
  [new RegExp(String.raw`^${key}\s*!=\s*(?<values>${value})$`), 'NotIn'],
  [new RegExp(String.raw`^${key}\s*==?\s*(?<values>${value})$`), 'In'],
  [new RegExp(String.raw`^!\s*${key}$`), 'DoesNotExist'],
  [new RegExp(`^${key}$`), 'Exists'],
] as const;

/**
 * A label selector as `-l` has it, `app=web,tier!=cache,env in (a,b),!old`, for where no API server reads it.
 * Throws a NetdebugError, exit 2. Source: kubernetes.io, labels and selectors.
 */
export function parseLabelSelector(text: string): LabelRequirements {
  // Commas part requirements, but not within parentheses.
  const parts = text.split(/,(?![^(]*\))/).map((part) => part.trim());
  const matchExpressions = parts.map((part) => {
    for (const [form, operator] of forms) {
      const groups = form.exec(part)?.groups;
      if (groups?.key === undefined) continue;
      const { word, values } = groups;
      return {
        key: groups.key,
        operator: operator ?? (word === 'in' ? ('In' as const) : ('NotIn' as const)),
        ...(values === undefined ? {} : { values: values.split(',').map((one) => one.trim()) }),
      };
    }
    throw new NetdebugError(`${cleanText(text, 100)} is no label selector.`, {
      exitCode: ExitCode.usage,
      hint: 'It looks like app=web,tier!=cache,env in (a,b),!old',
    });
  });
  return { matchExpressions };
}
