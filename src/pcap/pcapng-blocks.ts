/**
 * Constants of pcapng under the names of the specification, draft-ietf-opsawg-pcapng: block types (section 11.1) and
 * option codes (sections 3.5, 4.1, 4.2, 4.5, 4.6).
 */

/** Section Header Block; the same in either byte order. */
export const BLOCK_SHB = 0x0a0d0d0a;
/** Interface Description Block. */
export const BLOCK_IDB = 1;
/** Packet Block, obsolete; still found in old files. */
export const BLOCK_PB = 2;
/** Simple Packet Block. */
export const BLOCK_SPB = 3;
/** Name Resolution Block. */
export const BLOCK_NRB = 4;
/** Interface Statistics Block. */
export const BLOCK_ISB = 5;
/** Enhanced Packet Block. */
export const BLOCK_EPB = 6;

/** Tells the byte order of a section. */
export const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** Version of the format that a Section Header Block names. */
export const VERSION_MAJOR = 1;
/** @see VERSION_MAJOR */
export const VERSION_MINOR = 0;

/** Options of every block. */
export const opt = { endofopt: 0, comment: 1 } as const;
/** Options of the Section Header Block. */
export const shb = { hardware: 2, os: 3, userappl: 4 } as const;
/** Options of the Interface Description Block. `filter` begins with a byte that names its language: 0 is libpcap's. */
export const idb = { name: 2, description: 3, tsresol: 9, filter: 11, os: 12, tsoffset: 14 } as const;
/** Options of the Interface Statistics Block. */
export const isb = {
  starttime: 2,
  endtime: 3,
  ifrecv: 4,
  ifdrop: 5,
  filteraccept: 6,
  osdrop: 7,
  usrdeliv: 8,
} as const;
/** Record types of the Name Resolution Block. */
export const nrb = { end: 0, ipv4: 1, ipv6: 2 } as const;

/** `if_tsresol` of everything written here: 10^-9 s. */
export const TSRESOL_NANO = 9;
/** Bytes of an Enhanced Packet Block before the packet's data, and after its padding when it has no options. */
export const EPB_HEAD = 28;
/** Bytes of the block length that ends every block. */
export const BLOCK_TAIL = 4;
