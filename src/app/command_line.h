// The command line: what was asked for, as plain data. One row a command in command_line.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/exit_code.h"

namespace insightd::app {

enum class CommandId : std::uint8_t {
  kAll,
  kIngress,
  kPipeline,
  kWriter,
  kApi,
  kAnalyze,
  kRulesList,
  kRulesCheck,
  kRulesTest,
  kRulesPack,
  kRulesVerify,
  kRulesCatalogue,
  kRulesNew,
  kRulesExplain,
  kRulesTry,
  kRulesBench,
  kRulesEval,
  kRulesFunctions,
  kFleet,
  kDeadLettersList,
  kDeadLettersShow,
  kDeadLettersReplay,
  kDeadLettersDrop,
  kMigrate,
  kClean,
  kExport,
  kConfigCheck,
  kConfigPrint,
  kConfigReference,
  kVersion
};

struct AnalyzeArguments {
  std::vector<std::string> archives;
  bool all = false;
  bool texts = false;
  bool evidence = false;
  std::vector<std::string> packs;  // folders, files, "base"; empty: the built-in one
  std::string fail_on;             // "low", "moderate", "important", "critical"; empty: nothing
  int jobs = 0;                    // 0: as many as there are cores
};

struct FleetArguments {
  std::string url;
  std::string api_url;
  std::string token;
  std::string identity;
  std::string ca_file;
  bool keep_connections = false;
  std::int64_t clusters = 0;
  std::uint64_t seed = 0;
  std::string size;
  std::string version;
  std::string platform;
  std::vector<std::string> defects;
  double random_defects = 0;
  double rate = 0;        // uploads a second; 0: not given
  double interval_s = 0;  // of each cluster; 0: not given
  double duration_s = 0;  // 0: until all is done or stopped
  std::int64_t uploads = 0;
  bool prepare = false;
  int connections = 0;
  double readable_s_max = 0;
  bool table = false;
  bool list_defects = false;
};

struct DeadLettersArguments {
  std::vector<std::int64_t> ids;
  bool every = false;  // --all
  std::string stage;
  std::string code;
  std::string cluster;
  std::string request_id;
  std::int64_t letters_max = 100;
};

struct MigrateArguments {
  std::string storage;   // "results", "workloads", "own"; empty: all
  std::int32_t to = -1;  // below 0: the latest version
  bool down = false;     // a lower version is meant
  bool dry_run = false;
  bool status = false;
};

struct CleanArguments {
  std::string older_than;             // an age; empty: clean.max_age
  std::vector<std::string> clusters;  // these instead
  std::string clusters_file;          // one a line
  bool list = false;
  bool dry_run = false;
  bool vacuum = false;
};

struct ExportArguments {
  std::string target;  // a folder, or "s3"
  bool metadata = false;
  bool disabled_rules = false;
  bool log = false;
  bool own = false;                  // the tables of insightd too
  std::int64_t rows_max = 0;         // of each table; 0: all
  std::vector<std::string> ignored;  // names of tables
  std::string organizations_file;    // CSV; empty: all
};

struct RulesArguments {
  std::vector<std::string> archives;  // files or folders
  std::vector<std::string> against;   // of `rules try`: packs with the old versions
  bool stored = false;                // of `rules try`: those that an installation keeps
  bool all = false;                   // of `rules bench`: every rule
  std::string input;                  // of `rules new`: what the rule reads
  std::vector<std::string> packs;     // folders, files, "base"; empty: the built-in one
  bool strict = false;
  std::string rule;        // only the rules that this names: KEY, or `module|KEY`
  std::string key;         // file with a key: to sign with, or to verify by; empty: none
  std::string output;      // file to write (empty: named after the pack), or folder
  std::string folder;      // of `rules new`: the pack that the rule goes to
  std::string expression;  // of `rules eval`; "-": one a line of standard input
  std::string archive;     // of `rules eval`; empty: none
  std::string function;    // of `rules functions`; empty: all
};

struct CommandLine {
  CommandId command = CommandId::kVersion;
  std::string config;  // --config; empty: not given
  bool json = false;
  std::string role;  // of `config check`; empty: those that the settings are for
  AnalyzeArguments analyze;
  FleetArguments fleet;
  DeadLettersArguments dead_letters;
  MigrateArguments migrate;
  CleanArguments clean;
  ExportArguments exports;
  RulesArguments rules;
};

// What to do next: run the command, or print `text` (help on standard output, a mistake on standard
// error) and end.
struct ParsedLine {
  std::optional<CommandLine> line;
  ExitCode exit = ExitCode::kGood;
  std::string text;
};

// `words` are the arguments without the program's name.
ParsedLine ParseCommandLine(const std::vector<std::string>& words);

}  // namespace insightd::app
