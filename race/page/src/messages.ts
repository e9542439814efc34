// Made by scripts/race/messages.py from src/lambdameter/model: do not edit.

import { anyOf, anything, count, listOf, mapOf, nothing, number, object, oneOf, optional, text, truth } from "./checks";

export type Format = "csv" | "json";

export type Phase = "download" | "parse" | "write";

export type Action = "run" | "verify" | "warmup";

export type RaceMessage = Clearing | Started | Running | PhaseStarted | Progress | Finished | Failed | Report | Verified;

export type Message = Clearing | Started | Running | PhaseStarted | Progress | Finished | Failed | Report | Verified | Warmed | Accepted | Refused;

export type Request = WarmUpRequest | RunRequest | VerifyRequest;

/** The runner empties both tables and sets the racers' memory size. */
export interface Clearing {
  type: "clearing";
  race: string;
  at_ms: number;
  format: Format;
  memory_mb: number;
  cold: boolean;
}

/** The runner invokes both racers, in this order. */
export interface Started {
  type: "started";
  race: string;
  at_ms: number;
  format: Format;
  memory_mb: number;
  cold: boolean;
  order: string[];
}

/** A racer's handler begins. */
export interface Running {
  type: "running";
  race: string;
  at_ms: number;
  lane: string;
  cold: boolean;
}

/** A racer begins a phase of the workload. */
export interface PhaseStarted {
  type: "phase";
  race: string;
  at_ms: number;
  lane: string;
  phase: Phase;
}

/** A racer has written this many records; sent after every 1,000. */
export interface Progress {
  type: "progress";
  race: string;
  at_ms: number;
  lane: string;
  records: number;
}

/** A racer has written all records. */
export interface Finished {
  type: "finished";
  race: string;
  at_ms: number;
  lane: string;
  answer: Answer;
  telling_ms: number;
}

/** The workload's own answer, as described in its README. */
export interface Answer {
  records: number;
  written: number;
  invalid: InvalidRecords;
  retried_items: number;
  total_ms: number;
  phases: PhaseTimes;
}

/** How many records were rejected, and the first of them. */
export interface InvalidRecords {
  count: number;
  first: InvalidRecord[];
}

/** A record of the input that the workload rejected; `record` counts from 1. */
export interface InvalidRecord {
  record: number;
  field: string;
  reason: string;
}

/** The time that each phase took. */
export interface PhaseTimes {
  s3_ms: number;
  parse_ms: number;
  write_ms: number;
}

/** A racer failed, died, or could not be invoked. */
export interface Failed {
  type: "failed";
  race: string;
  at_ms: number;
  lane: string;
  error: LambdaError;
}

/** An error as Lambda names and explains it. */
export interface LambdaError {
  errorType: string;
  errorMessage?: string;
}

/** What Lambda says about a racer's invocation. */
export interface Report {
  type: "report";
  race: string;
  at_ms: number;
  lane: string;
  report: string | null;
  headers: Record<string, string>;
}

/** Every record of both tables was compared with the expected records. */
export interface Verified {
  type: "verified";
  race: string;
  at_ms: number;
  identical: boolean;
  expected: TableContent;
  lanes: Record<string, LaneContent>;
}

/** How many records a table has, and SHA-256 over all of them. */
export interface TableContent {
  count: number;
  digest: string;
}

/** How a lane's table differs from the expected records, and the first differences. */
export interface LaneContent {
  count: number;
  digest: string;
  missing: number;
  extra: number;
  changed: number;
  first: RecordDifference[];
}

/** A record with other fields than expected. */
export interface RecordDifference {
  key: string;
  fields: FieldDifference[];
}

/** A field with another value than expected; null if it is missing. */
export interface FieldDifference {
  field: string;
  expected: unknown;
  actual: unknown;
}

/** A racer was invoked without a task. */
export interface Warmed {
  type: "warmed";
  at_ms: number;
  lane: string;
  memory_mb: number;
  report: string | null;
  error: string | null;
}

/** The request was accepted; what it causes follows in other messages. */
export interface Accepted {
  type: "accepted";
  action: string;
}

/** The request was refused, or could not be carried out. */
export interface Refused {
  type: "refused";
  action: string;
  reason: string;
}

/** Invoke both racers without a task. */
export interface WarmUpRequest {
  action: "warmup";
  token: string;
  memory_mb: number;
}

/** Start a race; `cold` requests new execution environments. */
export interface RunRequest {
  action: "run";
  token: string;
  format: Format;
  memory_mb: number;
  cold: boolean;
}

/** Compare both tables with the expected records. */
export interface VerifyRequest {
  action: "verify";
}

/** Where races run, and under which conditions. */
export interface RaceSite {
  schema: 2;
  target: "aws" | "local";
  websocket: string | null;
  token: string | null;
  region: string;
  architecture: "arm64" | "x86_64";
  records: number;
  lanes: RaceLane[];
  formats: Format[];
  tiers: MemorySize[];
  conditions: string;
  caveats: SiteCaveat[];
  modelled: string | null;
  prices: RacePrices;
}

/** A racer; `zip_bytes` is its package size. */
export interface RaceLane {
  name: string;
  title: string;
  runtime: string;
  zip_bytes: number;
}

/** A memory size, and the share of a vCPU that Lambda gives with it. */
export interface MemorySize {
  memory_mb: number;
  vcpu: number;
}

/** What limits the figures, in one line under a label. */
export interface SiteCaveat {
  label: string;
  text: string;
}

/** List prices in US dollars, at the first volume tier. */
export interface RacePrices {
  per_request_usd: number;
  gb_second_usd: number;
  services_usd_per_race: Record<string, number>;
  as_of: string;
  region: string;
}

/** A race with all its messages, in the order in which they arrived. */
export interface RecordedRace {
  schema: 2;
  race: string;
  site: RaceSite;
  messages: RaceMessage[];
}

/** All races of a folder, newest first. */
export interface RaceList {
  races: RaceSummary[];
  unreadable: UnreadableRace[];
}

/** An entry in the list of races. */
export interface RaceSummary {
  race: string;
  target: "aws" | "local";
  conditions: string;
  format: Format;
  memory_mb: number;
  cold: boolean;
  began_ms: number;
  over: boolean;
  identical: boolean | null;
  lanes: Record<string, LaneSummary>;
}

/** The result of a lane, as far as it is known; `failed` is the type of the error. */
export interface LaneSummary {
  total_ms: number | null;
  init_ms: number | null;
  failed: string | null;
}

/** A race's folder that cannot be read. */
export interface UnreadableRace {
  folder: string;
  cause: string;
}

/** The source code of each lane's racer. */
export interface DeployedCode {
  lanes: Record<string, SourceFile[]>;
}

/** A file of a function's code; `path` is relative to the checkout's root. */
export interface SourceFile {
  path: string;
  language: string;
  text: string;
}

/** The data inside an exported page. */
export interface ExportedRaces {
  site: RaceSite;
  races: RecordedRace[];
  code: DeployedCode | null;
}

const checkFormat = oneOf("csv", "json");
const checkPhase = oneOf("download", "parse", "write");
const checkProgress = object({ type: oneOf("progress"), race: text, at_ms: number, lane: text, records: count });
const checkReport = object({ type: oneOf("report"), race: text, at_ms: number, lane: text, report: anyOf(text, nothing), headers: mapOf(text) });
const checkRunning = object({ type: oneOf("running"), race: text, at_ms: number, lane: text, cold: truth });
const checkAccepted = object({ type: oneOf("accepted"), action: text });
const checkRefused = object({ type: oneOf("refused"), action: text, reason: text });
const checkWarmed = object({ type: oneOf("warmed"), at_ms: number, lane: text, memory_mb: count, report: anyOf(text, nothing), error: anyOf(text, nothing) });
const checkPhaseTimes = object({ s3_ms: number, parse_ms: number, write_ms: number });
const checkInvalidRecord = object({ record: count, field: text, reason: text });
const checkLambdaError = object({ errorType: text, errorMessage: optional(text) });
const checkTableContent = object({ count: count, digest: text });
const checkFieldDifference = object({ field: text, expected: anything, actual: anything });
const checkMemorySize = object({ memory_mb: count, vcpu: number });
const checkRaceLane = object({ name: text, title: text, runtime: text, zip_bytes: count });
const checkRacePrices = object({ per_request_usd: number, gb_second_usd: number, services_usd_per_race: mapOf(number), as_of: text, region: text });
const checkSiteCaveat = object({ label: text, text: text });
const checkUnreadableRace = object({ folder: text, cause: text });
const checkLaneSummary = object({ total_ms: anyOf(number, nothing), init_ms: anyOf(number, nothing), failed: anyOf(text, nothing) });
const checkSourceFile = object({ path: text, language: text, text: text });
const checkClearing = object({ type: oneOf("clearing"), race: text, at_ms: number, format: checkFormat, memory_mb: count, cold: truth });
const checkStarted = object({ type: oneOf("started"), race: text, at_ms: number, format: checkFormat, memory_mb: count, cold: truth, order: listOf(text) });
const checkPhaseStarted = object({ type: oneOf("phase"), race: text, at_ms: number, lane: text, phase: checkPhase });
const checkInvalidRecords = object({ count: count, first: listOf(checkInvalidRecord) });
const checkFailed = object({ type: oneOf("failed"), race: text, at_ms: number, lane: text, error: checkLambdaError });
const checkRecordDifference = object({ key: text, fields: listOf(checkFieldDifference) });
const checkRaceSite = object({ schema: oneOf(2), target: oneOf("aws", "local"), websocket: anyOf(text, nothing), token: anyOf(text, nothing), region: text, architecture: oneOf("arm64", "x86_64"), records: count, lanes: listOf(checkRaceLane), formats: listOf(checkFormat), tiers: listOf(checkMemorySize), conditions: text, caveats: listOf(checkSiteCaveat), modelled: anyOf(text, nothing), prices: checkRacePrices });
const checkRaceSummary = object({ race: text, target: oneOf("aws", "local"), conditions: text, format: checkFormat, memory_mb: count, cold: truth, began_ms: number, over: truth, identical: anyOf(truth, nothing), lanes: mapOf(checkLaneSummary) });
const checkDeployedCode = object({ lanes: mapOf(listOf(checkSourceFile)) });
const checkAnswer = object({ records: count, written: count, invalid: checkInvalidRecords, retried_items: count, total_ms: number, phases: checkPhaseTimes });
const checkLaneContent = object({ count: count, digest: text, missing: count, extra: count, changed: count, first: listOf(checkRecordDifference) });
const checkRaceList = object({ races: listOf(checkRaceSummary), unreadable: listOf(checkUnreadableRace) });
const checkFinished = object({ type: oneOf("finished"), race: text, at_ms: number, lane: text, answer: checkAnswer, telling_ms: number });
const checkVerified = object({ type: oneOf("verified"), race: text, at_ms: number, identical: truth, expected: checkTableContent, lanes: mapOf(checkLaneContent) });
const checkRaceMessage = anyOf(checkClearing, checkStarted, checkRunning, checkPhaseStarted, checkProgress, checkFinished, checkFailed, checkReport, checkVerified);
const checkMessage = anyOf(checkClearing, checkStarted, checkRunning, checkPhaseStarted, checkProgress, checkFinished, checkFailed, checkReport, checkVerified, checkWarmed, checkAccepted, checkRefused);
const checkRecordedRace = object({ schema: oneOf(2), race: text, site: checkRaceSite, messages: listOf(checkRaceMessage) });
const checkExportedRaces = object({ site: checkRaceSite, races: listOf(checkRecordedRace), code: anyOf(checkDeployedCode, nothing) });

export const isMessage = (value: unknown): value is Message => checkMessage(value);
export const isRaceSite = (value: unknown): value is RaceSite => checkRaceSite(value);
export const isRecordedRace = (value: unknown): value is RecordedRace => checkRecordedRace(value);
export const isRaceList = (value: unknown): value is RaceList => checkRaceList(value);
export const isDeployedCode = (value: unknown): value is DeployedCode => checkDeployedCode(value);
export const isExportedRaces = (value: unknown): value is ExportedRaces => checkExportedRaces(value);
