// What other people's software makes of a form: {"questionnaire", "now", "patient", "observations"} is filled by
// @aehrc/sdc-populate, {"questionnaire", "now", "response"} is taken apart by @aehrc/sdc-template-extract.
// The clock stands at "now"; the records are those that were handed over.

import { createRequire } from "node:module";
import { readFileSync } from "node:fs";

const input = JSON.parse(readFileSync(0, "utf8"));
const fixed = Date.parse(input.now);
globalThis.Date = class extends Date {
  constructor(...given) {
    super(...(given.length ? given : [fixed]));
  }
  static now() {
    return fixed;
  }
};

const require = createRequire(import.meta.url);
const { populateQuestionnaire } = require("@aehrc/sdc-populate");
const { inAppExtract } = require("@aehrc/sdc-template-extract");

/** The server: a search by code, with the latest first. */
async function fetchResourceCallback(query) {
  const asked = new URLSearchParams(query.split("?")[1]);
  const tokens = asked.get("code").split(",");
  const fits = (o) => o.code.coding.some((c) => tokens.includes(`${c.system}|${c.code}`));
  const found = input.observations.filter(fits).sort((a, b) => (a.effectiveDateTime < b.effectiveDateTime ? 1 : -1));
  const entry = found.slice(0, Number(asked.get("_count") ?? 50)).map((resource) => ({ resource }));
  return { data: { resourceType: "Bundle", type: "searchset", entry } };
}

const { questionnaire, patient, response } = input;
const fetchResourceRequestConfig = { sourceServerUrl: "http://127.0.0.1", authToken: null };
const made = response
  ? (await inAppExtract(response, questionnaire, null)).extractResult.extractedBundle
  : (await populateQuestionnaire({ questionnaire, patient, fetchResourceCallback, fetchResourceRequestConfig }))
      .populateResult.populatedResponse;
process.stdout.write(JSON.stringify(made), () => process.exit(0)); // a timer of sdc-populate would run on
