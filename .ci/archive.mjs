// Archives that are the same bytes for the same files: no owner, one time, one order, one level of compression.
import { createReadStream, createWriteStream, statSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { pack } from 'tar-stream';
import yazl from 'yazl';

// A zip archive holds local time.
process.env.TZ = 'UTC';
const mtime = new Date('2000-01-01T00:00:00Z');
// Level 9 takes twice the time for a third of a percent.
const level = 6;

/** Packs `files`, each `{ name, path, executable }`, in this order, into a .tar.gz file. */
export async function writeTarGz(file, files) {
  const archive = pack();
  const written = pipeline(archive, createGzip({ level }), createWriteStream(file));
  for (const { name, path, executable } of files) {
    const { size } = statSync(path);
    const header = {
      name,
      size,
      mtime,
      mode: executable ? 0o755 : 0o644,
      uid: 0,
      gid: 0,
      uname: '',
      gname: '',
    };
    await pipeline(createReadStream(path), archive.entry(header));
  }
  archive.finalize();
  await written;
}

/** The same as a .zip file. */
export async function writeZip(file, files) {
  const archive = new yazl.ZipFile();
  const written = pipeline(archive.outputStream, createWriteStream(file));
  for (const { name, path, executable } of files)
    archive.addFile(path, name, { mtime, mode: executable ? 0o100755 : 0o100644, compressionLevel: level });
  archive.end();
  await written;
}
