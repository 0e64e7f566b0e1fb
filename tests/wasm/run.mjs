// node run.mjs WASM_REFERENCE: lets the native program write its files, then runs the tests of this folder in node.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [reference] = process.argv.slice(2);

function skip(reason) {
  console.log(`[skipped] ${reason}`);
  process.exit(0);
}

if (Number(process.versions.node.split(".")[0]) < 18) skip("the tests of the page's core need node 18 or later");
if (!existsSync(join(here, "../../wasm/dist/core.wasm"))) skip("wasm/dist/core.wasm is not built (tools/build-wasm)");

const folder = mkdtempSync(join(tmpdir(), "dermdistill-wasm-"));
try {
  const written = spawnSync(reference, [folder, join(here, "../image/fixtures")], { stdio: "inherit" });
  if (written.status !== 0) process.exit(1);
  const tests = readdirSync(here).filter((name) => name.endsWith(".test.mjs"));
  const result = spawnSync(
    process.execPath,
    ["--disallow-code-generation-from-strings", "--test", ...tests.map((name) => join(here, name))],
    { stdio: "inherit", env: { ...process.env, DERMDISTILL_REFERENCE: folder } },
  );
  process.exitCode = result.status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
