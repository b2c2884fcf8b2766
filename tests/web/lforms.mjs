// Fetches LHC-Forms, the form widget that tests drive in a browser, into node_modules/.lforms.
//
// Its package cannot be installed: it asks for a peer that is not published. So it is only packed, its content is
// checked against the digest below, and the ready pages in it are unpacked.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";

const VERSION = "40.1.3";
const SHA512 = "WLruTm+BcVnafC0rSAQ3/cNqhxvclBUxyBG68aub/uha2NaK9H8ZZcEXTTuORuGzzCt0wa7fvhuieZtcDIdPzQ==";
const FOLDER = join(import.meta.dirname, "node_modules");
const TARGET = join(FOLDER, ".lforms");

if (!existsSync(TARGET)) {
  mkdirSync(FOLDER, { recursive: true });
  const place = mkdtempSync(join(FOLDER, ".lforms-new-"));
  try {
    execFileSync("npm", ["pack", "--silent", `lforms@${VERSION}`, "--pack-destination", place], { stdio: ["ignore", "ignore", "inherit"] });
    const packed = join(place, `lforms-${VERSION}.tgz`);
    const found = createHash("sha512").update(readFileSync(packed)).digest("base64");
    if (found !== SHA512) throw new Error(`lforms ${VERSION}: the package is not the one that was tested`);
    execFileSync("tar", ["-xzf", packed, "-C", place, "package/dist/lforms"]);
    renameSync(join(place, "package/dist/lforms"), TARGET);
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
