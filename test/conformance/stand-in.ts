/**
 * Who root is in the local cluster. Where the tests run without root the kernel knows one user in there, the caller, who
 * has root's place and capabilities but keeps their own id (user_namespaces(7)): id(1) and the shell's prompt tell. Mapped
 * to 0 instead, tcpdump could not run: it would call setgroups(2), which is refused where one group is mapped.
 */
import { userInfo } from 'node:os';

const { uid, gid } = userInfo();

/** The recorded prompt, and the one of here. */
const prompt = uid === 0 ? /(bash-[\d.]+# )+/g : /(bash-[\d.]+[#$] )+/g;
const ids = new RegExp(
  String.raw`uid=${uid}(\([\w-]+\))? gid=${gid}(\([\w-]+\))?( groups=[\d(),\w-]+)?`,
  'g',
);

/** Bash's prompts, as root or whoever stands for root sees them, as `# `: readline repeats them at will. */
export function plainPrompts(text: string): string {
  return text.replace(prompt, '# ');
}

/** What id(1) says of whoever stands for root, as it says it of root. */
export function plainIds(text: string): string {
  return uid === 0 ? text : text.replace(ids, 'uid=0(root) gid=0(root) groups=0(root)');
}
