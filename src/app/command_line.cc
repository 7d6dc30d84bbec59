// The one source that knows CLI11; built without optimisation, which takes half the time.
#include "app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string_view>

#include "base/result.h"
#include "base/text.h"

namespace insightd::app {
namespace {

using Options = void (*)(CLI::App&, CommandLine&);

struct CommandRow {
  CommandId id;
  std::string_view group;  // the word before; empty: none
  std::string_view name;
  std::string_view summary;
  std::string_view example;
  Options options;
};

bool IsNumber(const std::string& text, double& number) {
  char* end = nullptr;
  number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0' && std::isfinite(number);
}

// Those of CLI11 show their bounds with 300 digits.
std::string Positive(const std::string& text) {
  double number = 0;
  return IsNumber(text, number) && number > 0 ? "" : "`" + text + "` is not a number above 0";
}

std::string NotNegative(const std::string& text) {
  double number = 0;
  return IsNumber(text, number) && number >= 0 ? ""
                                               : "`" + text + "` is not a number from 0 upwards";
}

std::string LetterId(const std::string& text) {
  std::int64_t id = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, id);
  return error == std::errc() && stopped == end
             ? ""
             : "`" + text + "` is no id; an id is a number as `dead-letters list` shows it";
}

// What a dead letter can have failed with.
std::string LetterCode(const std::string& text) {
  std::string names;
  for (int code = 0; code <= static_cast<int>(Code::kInternal); ++code) {
    const std::string_view name = CodeName(static_cast<Code>(code));
    if (name == text) return "";
    names.append(names.empty() ? "" : ", ").append(name);
  }
  return "`" + text + "` is no code; there are " + names;
}

// Also brings it into the form in which it is stored.
std::string ClusterId(std::string& text) {
  const std::string id = CanonicalUuid(text);
  if (id.empty()) return "`" + text + "` is no cluster; its id is a UUID";
  text = id;
  return "";
}

void AddConfig(CLI::App& app, CommandLine& line) {
  app.add_option("--config", line.config,
                 "Settings file (else INSIGHTD_CONFIG, else /etc/insightd/insightd.toml)")
      ->type_name("FILE");
}

void AddJson(CLI::App& app, CommandLine& line) {
  app.add_flag("--json", line.json, "One JSON object a line, for scripts");
}

void AddPacks(CLI::App& app, std::vector<std::string>& packs) {
  app.add_option("--rules", packs,
                 "Rule pack, a folder or file; may be repeated (else the one that is built in, "
                 "which is named base)")
      ->allow_extra_args(false)
      ->type_name("DIR");
}

constexpr const char* kAboutLimits =
    "\nLimits are those of the settings pipeline.*_max and rules.*_max, from the settings file or "
    "the\nenvironment, as for `insightd all`:\n"
    "  INSIGHTD__PIPELINE__UNPACKED_BYTES_MAX=1000000000 insightd analyze huge.tar.gz";

void AnalyzeOptions(CLI::App& app, CommandLine& line) {
  AnalyzeArguments& arguments = line.analyze;
  app.add_option("archive", arguments.archives, "Archives (tar, gzipped tar) or unpacked folders")
      ->required()
      ->type_name("FILE");
  AddJson(app, line);
  app.add_option("--config", line.config, "Settings file to take limits from (else as for `all`)")
      ->type_name("FILE");
  app.add_flag("--all", arguments.all, "Also list what passed, was not judged, or failed");
  app.add_flag("--texts", arguments.texts,
               "Also say of each hit what was found, why it matters and how to fix it");
  app.add_flag("--evidence", arguments.evidence,
               "Also show which files made each rule hit (in --json always)");
  AddPacks(app, arguments.packs);
  app.add_option("--fail-on", arguments.fail_on,
                 "Exit code 1 on a hit of this risk or worse: low, moderate, important, critical")
      ->check(CLI::IsMember({"low", "moderate", "important", "critical"}))
      ->type_name("RISK");
  app.add_option("--jobs", arguments.jobs, "Archives judged at one time (0: one a core)")
      ->check(CLI::Range(0, 256))
      ->type_name("N");
}

void FleetOptions(CLI::App& app, CommandLine& line) {
  FleetArguments& arguments = line.fleet;
  const auto positive = [&app](const char* name, auto& target, const char* help, const char* type) {
    return app.add_option(name, target, help)->check(Positive)->type_name(type);
  };
  app.add_option("--url", arguments.url, "Where insightd listens")
      ->default_val("http://127.0.0.1:8080")
      ->type_name("URL");
  app.add_option("--api-url", arguments.api_url, "Where results are read, if not at --url")
      ->type_name("URL");
  app.add_option("--clusters", arguments.clusters, "Simulated clusters")
      ->default_val(12)
      ->check(CLI::Range(1, 1'000'000))
      ->type_name("N");
  app.add_option("--seed", arguments.seed, "The same seed makes the same fleet")
      ->default_val(1)
      ->type_name("N");
  app.add_option("--size", arguments.size, "Size of clusters: small, median, large, huge, mix")
      ->default_val("small")
      ->type_name("SIZE");
  app.add_option("--release", arguments.version, "Version of all clusters: 4.18.11")
      ->type_name("VERSION");
  app.add_option("--platform", arguments.platform, "Platform of all clusters: AWS, VSphere, …")
      ->type_name("NAME");
  app.add_option(
         "--defect", arguments.defects,
         "A defect that all clusters have, by name or by the key of a rule; may be repeated")
      ->allow_extra_args(false)
      ->type_name("NAME");
  app.add_option("--random-defects", arguments.random_defects, "So many more on average")
      ->default_val(1)
      ->check(NotNegative)
      ->type_name("N");
  app.add_flag("--list-defects", arguments.list_defects,
               "Print the names of all defects, and the keys of rules");
  positive("--interval", arguments.interval_s, "Seconds between uploads of a cluster (else once)",
           "S");
  positive("--rate", arguments.rate, "Uploads a second over the whole fleet", "N");
  positive("--duration", arguments.duration_s, "Seconds after which to end", "S");
  positive("--uploads", arguments.uploads, "Uploads after which to end", "N");
  app.add_flag("--prepare", arguments.prepare, "Make all archives before the clock starts");
  app.add_option("--connections", arguments.connections, "Uploads under way at one time")
      ->default_val(8)
      ->check(CLI::Range(1, 1'024))
      ->type_name("N");
  app.add_flag("--keep-connections", arguments.keep_connections,
               "Use a connection again, which the operator does not");
  positive("--wait", arguments.readable_s_max, "Seconds until an upload has to be readable", "S")
      ->default_val(60);
  app.add_option("--token", arguments.token, "Bearer token to upload with")->type_name("TEXT");
  app.add_option("--identity", arguments.identity, "Header x-rh-identity to upload with")
      ->type_name("BASE64");
  app.add_option("--ca-file", arguments.ca_file, "Certificates to trust, PEM")->type_name("FILE");
  app.add_flag("--table", arguments.table, "Print what the API shows of each cluster");
  AddJson(app, line);
}

void AddFilter(CLI::App& app, CommandLine& line) {
  DeadLettersArguments& arguments = line.dead_letters;
  app.add_option("--stage", arguments.stage, "Only those that failed there")->type_name("NAME");
  app.add_option("--code", arguments.code, "Only those that failed so: corrupt, too_large, …")
      ->check(LetterCode)
      ->type_name("NAME");
  app.add_option("--cluster", arguments.cluster, "Only those of this cluster")
      ->transform(CLI::Validator(ClusterId, ""))
      ->type_name("ID");
  app.add_option("--request-id", arguments.request_id, "Only that of this upload")->type_name("ID");
}

void DeadLettersListOptions(CLI::App& app, CommandLine& line) {
  AddConfig(app, line);
  AddJson(app, line);
  AddFilter(app, line);
  app.add_option("--limit", line.dead_letters.letters_max, "At most so many")
      ->default_val(100)
      ->check(Positive)
      ->type_name("N");
}

void DeadLettersShowOptions(CLI::App& app, CommandLine& line) {
  app.add_option("id", line.dead_letters.ids, "As `dead-letters list` shows them")
      ->required()
      ->check(LetterId)
      ->type_name("ID");
  AddConfig(app, line);
  AddJson(app, line);
}

void DeadLettersChangeOptions(CLI::App& app, CommandLine& line) {
  app.add_option("id", line.dead_letters.ids, "As `dead-letters list` shows them")
      ->check(LetterId)
      ->type_name("ID");
  app.add_flag("--all", line.dead_letters.every, "All of them (with the filters below, those)");
  AddFilter(app, line);
  AddConfig(app, line);
}

void RulesOptions(CLI::App& app, CommandLine& line) {
  app.add_option("pack", line.rules.packs,
                 "Rule packs, folders or files (else the one that is built in, which is named "
                 "base)")
      ->type_name("DIR");
  AddJson(app, line);
}

void RulesTestOptions(CLI::App& app, CommandLine& line) {
  RulesOptions(app, line);
  app.add_flag("--strict", line.rules.strict,
               "Also fail when a rule lacks tests or texts, or a text cannot be shown");
  app.add_option("--rule", line.rules.rule, "Only these rules: KEY, or module|KEY")
      ->type_name("NAME");
}

void RulesCheckOptions(CLI::App& app, CommandLine& line) {
  RulesOptions(app, line);
  app.add_option("--config", line.config,
                 "Those that `insightd all` would load with this settings file, with the "
                 "signatures that it asks for")
      ->type_name("FILE");
}

void RulesPackOptions(CLI::App& app, CommandLine& line) {
  app.add_option("pack", line.rules.packs, "Rule pack, a folder")
      ->required()
      ->expected(1)
      ->type_name("DIR");
  app.add_option("--key", line.rules.key, "Private key to sign with (Ed25519, PEM)")
      ->type_name("FILE");
  app.add_option("--output", line.rules.output, "File to write (else NAME-VERSION.rulepack)")
      ->type_name("FILE");
}

void RulesCatalogueOptions(CLI::App& app, CommandLine& line) {
  app.add_option("pack", line.rules.packs, "Rule packs, folders or files (else the built-in one)")
      ->type_name("DIR");
  app.add_option("--output", line.rules.output, "Folder to write to")->required()->type_name("DIR");
}

void RulesVerifyOptions(CLI::App& app, CommandLine& line) {
  app.add_option("pack", line.rules.packs, "Pack file")->required()->expected(1)->type_name("FILE");
  app.add_option("--key", line.rules.key,
                 "Public key of whom you trust (PEM): signed by another is exit code 1")
      ->type_name("FILE");
  AddJson(app, line);
}

void AddArchives(CLI::App& app, CommandLine& line, bool required) {
  app.add_option("archive", line.rules.archives, "Archives, or unpacked folders")
      ->required(required)
      ->type_name("FILE");
  app.add_option("--config", line.config, "Settings file to take limits from (else as for `all`)")
      ->type_name("FILE");
}

void RulesNewOptions(CLI::App& app, CommandLine& line) {
  app.add_option("name", line.rules.rule, "Name of the rule: my_check")
      ->required()
      ->type_name("NAME");
  app.add_option("--pack", line.rules.folder, "Folder of the pack; is made when it is not there")
      ->default_val(".")
      ->type_name("DIR");
  app.add_option("--input", line.rules.input, "What the rule reads, a name of inputs.yaml")
      ->default_val("nodes")
      ->type_name("NAME");
}

void RulesExplainOptions(CLI::App& app, CommandLine& line) {
  app.add_option("rule", line.rules.rule, "KEY, or module|KEY")->required()->type_name("RULE");
  app.add_option("archive", line.rules.archives, "Archive, or unpacked folder")
      ->required()
      ->expected(1)
      ->type_name("FILE");
  app.add_option("--config", line.config, "Settings file to take limits from (else as for `all`)")
      ->type_name("FILE");
  AddPacks(app, line.rules.packs);
  AddJson(app, line);
}

void RulesTryOptions(CLI::App& app, CommandLine& line) {
  app.add_option("rule", line.rules.rule, "A rule, or a pack of which all rules are tried")
      ->required()
      ->type_name("RULE|DIR");
  AddArchives(app, line, false);
  app.add_flag("--stored", line.rules.stored,
               "Also the archives that the installation of --config keeps; it may be running");
  app.add_option("--against", line.rules.against,
                 "Packs with the old versions of the rules (else the built-in one)")
      ->allow_extra_args(false)
      ->type_name("DIR");
  AddPacks(app, line.rules.packs);
  AddJson(app, line);
}

void RulesBenchOptions(CLI::App& app, CommandLine& line) {
  AddArchives(app, line, true);
  app.add_flag("--all", line.rules.all, "Every rule, not only those that take most");
  AddPacks(app, line.rules.packs);
  AddJson(app, line);
}

void RulesEvalOptions(CLI::App& app, CommandLine& line) {
  app.add_option("expression", line.rules.expression,
                 "Expression, as it stands in a rule; - reads one from each line of the input")
      ->required()
      ->type_name("TEXT");
  app.add_option("--archive", line.rules.archive,
                 "Archive or unpacked folder that the inputs come from (else they are empty)")
      ->type_name("FILE");
  AddPacks(app, line.rules.packs);
  AddJson(app, line);
}

void RulesFunctionsOptions(CLI::App& app, CommandLine& line) {
  app.add_option("name", line.rules.function, "Only this one")->type_name("NAME");
  AddJson(app, line);
}

void ConfigOptions(CLI::App& app, CommandLine& line) { AddConfig(app, line); }

void ConfigCheckOptions(CLI::App& app, CommandLine& line) {
  app.add_option(
         "role", line.role,
         "What they are for: all, ingress, pipeline, writer, api (else those that they name "
         "servers for)")
      ->check(CLI::IsMember({"all", "ingress", "pipeline", "writer", "api"}))
      ->type_name("ROLE");
  AddConfig(app, line);
}

void MigrateOptions(CLI::App& app, CommandLine& line) {
  MigrateArguments& arguments = line.migrate;
  app.add_option("--storage", arguments.storage,
                 "Only this one: results, workloads, own (the tables of insightd)")
      ->check(CLI::IsMember({"results", "workloads", "own"}))
      ->type_name("NAME");
  app.add_option("--to", arguments.to, "To this version of --storage (else the latest)")
      ->check(CLI::Range(0, 1'000))
      ->type_name("N");
  app.add_flag("--down", arguments.down,
               "Yes, to a lower version: drops tables and columns with what is in them");
  CLI::Option* const dry_run =
      app.add_flag("--dry-run", arguments.dry_run, "Say what would be done, and whether it may be");
  app.add_flag("--status", arguments.status,
               "Say which versions there are; exit code 1 when there is something to do")
      ->excludes(dry_run);
  AddJson(app, line);
  AddConfig(app, line);
}

void CleanOptions(CLI::App& app, CommandLine& line) {
  CleanArguments& arguments = line.clean;
  app.add_option("--older-than", arguments.older_than,
                 "Age of the newest result from which on a cluster goes, such as \"90 days\" (else "
                 "clean.max_age)")
      ->type_name("AGE");
  CLI::Option* const clusters =
      app.add_option("--cluster", arguments.clusters,
                     "This cluster goes, and nothing that is only old; may be repeated")
          ->allow_extra_args(false)
          ->type_name("ID");
  app.add_option("--clusters-file", arguments.clusters_file, "The same for a file with one a line")
      ->excludes(clusters)
      ->type_name("FILE");
  app.add_flag("--list", arguments.list, "Also print each cluster that goes");
  app.add_flag("--dry-run", arguments.dry_run, "Say what would be deleted; nothing is");
  app.add_flag("--vacuum", arguments.vacuum, "Then give the room back to the file system");
  AddJson(app, line);
  AddConfig(app, line);
}

void ExportOptions(CLI::App& app, CommandLine& line) {
  ExportArguments& arguments = line.exports;
  app.add_option("to", arguments.target,
                 "Folder, which is made when it is not there; or `s3`: the bucket of "
                 "export.s3_bucket")
      ->required()
      ->type_name("DIR");
  app.add_flag("--metadata", arguments.metadata,
               "Also _tables.csv, the names of the tables, and _metadata.csv with their rows");
  app.add_flag("--disabled-rules", arguments.disabled_rules,
               "Also _disabled_rules.csv: what was acknowledged by several organizations");
  app.add_flag("--log", arguments.log, "Also _logs.txt, what was done");
  app.add_flag("--own", arguments.own, "Also the tables of insightd beside the aggregator's");
  app.add_option("--limit", arguments.rows_max, "At most so many rows of each table")
      ->check(Positive)
      ->type_name("N");
  app.add_option("--ignore", arguments.ignored, "Leave this table out; may be repeated")
      ->allow_extra_args(false)
      ->type_name("TABLE");
  app.add_option("--organizations", arguments.organizations_file,
                 "Only rows of these: CSV with a line of names, numbers in its first column")
      ->type_name("FILE");
  AddJson(app, line);
  AddConfig(app, line);
}

void VersionOptions(CLI::App& app, CommandLine& line) { AddJson(app, line); }
void NoOptions(CLI::App&, CommandLine&) {}

constexpr std::array<CommandRow, 30> kCommands = {{
    {CommandId::kAll, "", "all", "Run everything on this machine: uploads, rules, API, page",
     "insightd all --config /etc/insightd/insightd.toml", ConfigOptions},
    {CommandId::kIngress, "", "ingress", "Take uploads; one of many processes on Kafka and S3",
     "insightd ingress --config /etc/insightd/insightd.toml", ConfigOptions},
    {CommandId::kPipeline, "", "pipeline", "Judge archives; one of many processes on Kafka and S3",
     "insightd pipeline --config /etc/insightd/insightd.toml", ConfigOptions},
    {CommandId::kWriter, "", "writer", "Store results from Kafka in PostgreSQL",
     "insightd writer --config /etc/insightd/insightd.toml", ConfigOptions},
    {CommandId::kApi, "", "api", "Answer the APIs and the page from PostgreSQL",
     "insightd api --config /etc/insightd/insightd.toml", ConfigOptions},
    {CommandId::kAnalyze, "", "analyze", "Say what is wrong with the cluster of an archive",
     "insightd analyze --fail-on important archive.tar.gz", AnalyzeOptions},
    {CommandId::kRulesList, "rules", "list", "List the rules of a pack",
     "insightd rules list ./my-rules", RulesCheckOptions},
    {CommandId::kRulesCheck, "rules", "check",
     "Say what is wrong with a pack, with line and column", "insightd rules check ./my-rules",
     RulesCheckOptions},
    {CommandId::kRulesTest, "rules", "test", "Run the tests that the rules of a pack carry",
     "insightd rules test --strict ./my-rules", RulesTestOptions},
    {CommandId::kRulesPack, "rules", "pack", "Make one file of a pack, signed if you have a key",
     "insightd rules pack ./my-rules --key my-key.pem", RulesPackOptions},
    {CommandId::kRulesVerify, "rules", "verify", "Say who signed a pack file and if it is whole",
     "insightd rules verify my-rules-1.0.0.rulepack --key their-key.pub.pem", RulesVerifyOptions},
    {CommandId::kRulesCatalogue, "rules", "catalogue",
     "Write a page for each rule, to look them up",
     "insightd rules catalogue ./my-rules --output ./pages", RulesCatalogueOptions},
    {CommandId::kRulesNew, "rules", "new", "Write a rule with texts and tests to begin with",
     "insightd rules new my_check --pack ./my-rules", RulesNewOptions},
    {CommandId::kRulesExplain, "rules", "explain", "Show step by step why a rule hit, or did not",
     "insightd rules explain NODES_NOT_READY archive.tar.gz", RulesExplainOptions},
    {CommandId::kRulesTry, "rules", "try", "Say which clusters a new or changed rule would hit",
     "insightd rules try ./my-rules archives/*.tar.gz", RulesTryOptions},
    {CommandId::kRulesBench, "rules", "bench", "Measure what each rule takes, worst first",
     "insightd rules bench archive.tar.gz", RulesBenchOptions},
    {CommandId::kRulesEval, "rules", "eval", "Show the value of an expression",
     "insightd rules eval --archive archive.tar.gz \"nodes.map(n, n.metadata.name)\"",
     RulesEvalOptions},
    {CommandId::kRulesFunctions, "rules", "functions", "List what expressions can call",
     "insightd rules functions contains", RulesFunctionsOptions},
    {CommandId::kFleet, "", "fleet", "Simulated clusters that upload: for a demo, for load",
     "insightd fleet --clusters 100 --rate 20 --duration 60", FleetOptions},
    {CommandId::kDeadLettersList, "dead-letters", "list", "List what could not be handled, and why",
     "insightd dead-letters list --code corrupt", DeadLettersListOptions},
    {CommandId::kDeadLettersShow, "dead-letters", "show", "Show a dead letter whole",
     "insightd dead-letters show 17", DeadLettersShowOptions},
    {CommandId::kDeadLettersReplay, "dead-letters", "replay",
     "Send dead letters on their way again", "insightd dead-letters replay 17 18",
     DeadLettersChangeOptions},
    {CommandId::kDeadLettersDrop, "dead-letters", "drop", "Forget dead letters and their archives",
     "insightd dead-letters drop --all --code corrupt", DeadLettersChangeOptions},
    {CommandId::kMigrate, "", "migrate", "Bring the database to the tables of this version",
     "insightd migrate --config /etc/insightd/insightd.toml --status", MigrateOptions},
    {CommandId::kClean, "", "clean", "Delete clusters that have been silent for long, or by name",
     "insightd clean --older-than \"90 days\" --dry-run", CleanOptions},
    {CommandId::kExport, "", "export", "Write the tables of the database as CSV files",
     "insightd export ./export --metadata", ExportOptions},
    {CommandId::kConfigCheck, "config", "check", "Say what is wrong with the settings",
     "insightd config check --config insightd.toml writer", ConfigCheckOptions},
    {CommandId::kConfigPrint, "config", "print", "Print the settings in force as a file",
     "INSIGHTD__LOG__LEVEL=debug insightd config print", ConfigOptions},
    {CommandId::kConfigReference, "config", "reference", "Print the reference page of the settings",
     "insightd config reference > settings.md", NoOptions},
    {CommandId::kVersion, "", "version", "Say which build this is", "insightd version --json",
     VersionOptions},
}};

std::string_view GroupSummary(std::string_view group) {
  if (group == "rules")
    return "Rule packs: list, check, test, new, explain, try, bench, pack, verify, eval, …";
  if (group == "dead-letters") return "What could not be handled: list, show, replay, drop";
  return "Settings: check, print, reference";
}

std::string Suggestion(std::string_view wrong, const std::vector<std::string_view>& names) {
  const std::string_view nearest = Nearest(wrong, names);
  return nearest.empty() ? "" : "; did you mean `" + std::string(nearest) + "`?";
}

ParsedLine Mistake(std::string_view what, std::string_view of) {
  return {std::nullopt, ExitCode::kUsage,
          "insightd: " + std::string(what) + "\nTry: insightd " + std::string(of) +
              (of.empty() ? "--help\n" : " --help\n")};
}

// Words that may stand after `group` (empty: first).
std::vector<std::string_view> WordsAfter(std::string_view group) {
  std::vector<std::string_view> words;
  for (const CommandRow& row : kCommands) {
    const std::string_view word = row.group == group ? row.name
                                  : group.empty()    ? row.group
                                                     : std::string_view();
    if (!word.empty() && (words.empty() || words.back() != word)) words.push_back(word);
  }
  return words;
}

ParsedLine CommandMissing(std::string_view group) {
  std::string names;
  for (const std::string_view name : WordsAfter(group)) {
    names.append(names.empty() ? "" : ", ").append(name);
  }
  return Mistake(group.empty() ? "name a command: " + names
                               : "`" + std::string(group) + "` needs one of: " + names,
                 group);
}

// CLI11 only says that a command is missing; this says which was meant.
std::optional<ParsedLine> UnknownCommand(const std::vector<std::string>& words) {
  std::string_view group;
  for (const std::string& word : words) {
    if (word == "--help" || word == "-h") return std::nullopt;
    if (word.starts_with('-')) {
      if (group.empty()) return std::nullopt;
      break;
    }
    const std::vector<std::string_view> known = WordsAfter(group);
    if (std::find(known.begin(), known.end(), word) == known.end()) {
      return Mistake("unknown command `" + (group.empty() ? "" : std::string(group) + " ") + word +
                         "`" + Suggestion(word, known),
                     group);
    }
    if (!group.empty() || WordsAfter(word).empty()) return std::nullopt;
    group = word;
  }
  return CommandMissing(group);
}

// What other programs have taught people to write.
std::vector<std::string> InOurWords(std::vector<std::string> words) {
  if (words.empty()) return words;
  if (words.front() == "--version") words.front() = "version";
  if (words.front() == "help") {
    words.erase(words.begin());
    words.emplace_back("--help");
  }
  return words;
}

CLI::App* DeepestParsed(CLI::App& app) {
  CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string PathOf(CLI::App* command) {
  std::string path = command->get_name();
  for (CLI::App* up = command->get_parent(); up != nullptr && up->get_parent() != nullptr;
       up = up->get_parent()) {
    path = up->get_name() + " " + path;
  }
  return command->get_parent() == nullptr ? "" : path;
}

// The option that was written wrong, with the one that was meant.
std::string UnknownOption(CLI::App* command) {
  for (const std::string& word : command->remaining()) {
    if (!word.starts_with("--")) return "`" + word + "` is one word too many";
    const std::string name = word.substr(0, word.find('='));
    std::vector<std::string> names;
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& known : option->get_lnames()) names.push_back("--" + known);
    }
    const std::vector<std::string_view> views(names.begin(), names.end());
    return "unknown option `" + name + "`" + Suggestion(name, views);
  }
  return "a word too many";
}

}  // namespace

ParsedLine ParseCommandLine(const std::vector<std::string>& given) {
  const std::vector<std::string> words = InOurWords(given);
  if (const std::optional<ParsedLine> unknown = UnknownCommand(words)) return *unknown;

  CommandLine line;
  std::optional<CommandId> chosen;
  CLI::App app(
      "Takes the archives of OpenShift clusters, applies health rules, shows what is wrong.",
      "insightd");
  app.footer("Each command has its own --help with an example.\nStart with: insightd analyze FILE");
  app.require_subcommand(1);
  std::map<std::string, CLI::App*> groups;
  for (const CommandRow& row : kCommands) {
    CLI::App* parent = &app;
    if (!row.group.empty()) {
      const std::string group(row.group);
      CLI::App*& of_group = groups[group];
      if (of_group == nullptr) {
        of_group = app.add_subcommand(group, std::string(GroupSummary(group)));
        of_group->require_subcommand(1);
        of_group->footer("Each command has its own --help. Example:\n  " +
                         std::string(row.example));
      }
      parent = of_group;
    }
    CLI::App* command = parent->add_subcommand(std::string(row.name), std::string(row.summary));
    command->footer("Example:\n  " + std::string(row.example) +
                    (row.id == CommandId::kAnalyze ? kAboutLimits : ""));
    row.options(*command, line);
    command->callback([&chosen, id = row.id] { chosen = id; });
  }

  try {
    // CLI11 wants them the other way round.
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    return {std::nullopt, ExitCode::kGood, app.help()};  // of the command that was named
  } catch (const CLI::ExtrasError&) {
    CLI::App* command = DeepestParsed(app);
    return Mistake(UnknownOption(command), PathOf(command));
  } catch (const CLI::ParseError& error) {
    CLI::App* command = DeepestParsed(app);
    // A word that is not known may be why something else is missing.
    if (!command->remaining().empty()) return Mistake(UnknownOption(command), PathOf(command));
    return Mistake(error.what(), PathOf(command));
  }
  if (!chosen) return {std::nullopt, ExitCode::kGood, app.help()};
  line.command = *chosen;
  return {line, ExitCode::kGood, ""};
}

}  // namespace insightd::app
