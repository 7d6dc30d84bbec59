#include <fmt/format.h>

#include <string_view>

#include "app/admin/letters.h"
#include "app/admin/socket.h"
#include "app/commands/commands.h"
#include "app/parts/parts.h"
#include "app/parts/topics.h"
#include "base/json.h"
#include "base/log.h"
#include "upkeep/letter_keeper.h"

namespace insightd::app {
namespace {

constexpr milliseconds kAnswerLimit{120'000};

ExitCode Complain(std::string_view what, ExitCode exit) {
  fmt::print(stderr, "insightd: {}\n", what);
  return exit;
}

// Opens the data folder, since nobody runs on it, and answers here.
tl::expected<std::string, StartFailure> AnswerOffline(const Settings& settings,
                                                      const std::string& question) {
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kError, .fd = 2});
  Host host("all", settings, SystemClock(), SystemRandom());
  std::vector<std::unique_ptr<Running>> running;  // stopped from the back
  for (const auto start : {OpenDataFolder, StartEmbeddedStore, StartEmbeddedBus}) {
    Started started = start(host);
    if (!started) return tl::unexpected(started.error());
    running.push_back(*std::move(started));
  }
  std::string answer;
  {
    // Letters that lie on the bus still belong to what is listed.
    upkeep::LetterKeeper keeper(*host.bus, *host.store, settings.upkeep);
    Result<void> opened = keeper.Open();
    if (!opened) return Unusable("dead letters", opened.error());
    while (true) {
      const Result<bool> stepped = keeper.Step();
      if (!stepped) return Unusable("dead letters", stepped.error());
      if (!*stepped) break;
    }
    answer = AnswerLetters(question, *host.store,
                           [&host]() -> Result<bus::Bus*> { return host.bus.get(); });
  }
  while (!running.empty()) running.pop_back();
  return answer;
}

// Connects to the database, and to the brokers when a letter has to go on its way again.
tl::expected<std::string, StartFailure> AnswerFromServers(const Settings& settings,
                                                          const std::string& question) {
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kError, .fd = 2});
  if (settings.postgres.conninfo.empty()) {
    return tl::unexpected(StartFailure{
        ExitCode::kUsage, fmt::format("dead letters lie in the database, but store.postgres is not "
                                      "set, though {} {}",
                                      fmt::join(ServerSettings(settings), ", "),
                                      ServerSettings(settings).size() == 1 ? "is" : "are")});
  }
  Host host(kDeadLetters, settings, SystemClock(), SystemRandom());
  std::vector<std::unique_ptr<Running>> running;  // stopped from the back
  Started store = StartPostgresStore(host);
  if (!store) return tl::unexpected(store.error());
  running.push_back(*std::move(store));
  const auto bus = [&]() -> Result<bus::Bus*> {
    if (host.bus != nullptr) return host.bus.get();
    Started started = StartKafkaBus(host);
    if (!started) return Fail(Code::kUnavailable, started.error().message);
    running.push_back(*std::move(started));
    return host.bus.get();
  };
  std::string answer = AnswerLetters(question, *host.store, bus);
  while (!running.empty()) running.pop_back();
  return answer;
}

// From whoever has the letters.
tl::expected<std::string, StartFailure> AnswerTo(const std::string& question,
                                                 const Settings& settings) {
  if (!ServerSettings(settings).empty()) return AnswerFromServers(settings, question);
  Result<std::string> answer = AskAdmin(settings.data_dir, question, kAnswerLimit);
  if (answer) return *std::move(answer);
  if (answer.error().code() == Code::kNotFound) return AnswerOffline(settings, question);
  return tl::unexpected(StartFailure{ExitCode::kUnusable, answer.error().message()});
}

std::string_view TextOf(json::Value line, std::string_view name) { return line[name].StringOr(""); }
std::int64_t NumberOf(json::Value line, std::string_view name) {
  return line[name].is_int() ? line[name].AsInt() : 0;
}
std::string_view OrDash(std::string_view text) { return text.empty() ? "-" : text; }

void PrintListed(json::Value line) {
  fmt::print(
      "{:>6}  {:.19}  {:<9} {:<11} org {:<8} cluster {:<36} upload {}\n        {}/{} at {}: {}\n",
      NumberOf(line, "id"), TextOf(line, "last_failed"), TextOf(line, "stage"),
      TextOf(line, "code"), OrDash(TextOf(line, "org_id")), OrDash(TextOf(line, "cluster")),
      OrDash(TextOf(line, "request_id")), TextOf(line, "topic"), NumberOf(line, "partition"),
      NumberOf(line, "offset"), TextOf(line, "reason"));
}

void PrintWhole(json::Value line) {
  fmt::print("dead letter {}\n", NumberOf(line, "id"));
  fmt::print("  reason        {}\n  stage, code   {}, {}\n  tries         {}\n",
             TextOf(line, "reason"), TextOf(line, "stage"), TextOf(line, "code"),
             NumberOf(line, "tries"));
  fmt::print("  failed        {} to {}\n  build         {}\n", TextOf(line, "first_failed"),
             TextOf(line, "last_failed"), OrDash(TextOf(line, "build")));
  fmt::print("  upload        {}\n  organisation  {}\n  cluster       {}\n  archive       {}\n",
             OrDash(TextOf(line, "request_id")), OrDash(TextOf(line, "org_id")),
             OrDash(TextOf(line, "cluster")), OrDash(TextOf(line, "archive")));
  fmt::print("  record        {}/{} at {}, produced {}\n  key           {}\n",
             TextOf(line, "topic"), NumberOf(line, "partition"), NumberOf(line, "offset"),
             TextOf(line, "produced"), OrDash(TextOf(line, "key")));
  if (line["headers"].is_array()) {
    for (const json::Value header : line["headers"].elements()) {
      fmt::print("  header        {}: {}\n", TextOf(header, "name"), TextOf(header, "value"));
    }
  }
  const bool is_text = line.Find("value").has_value();
  fmt::print("  value         {} bytes{}\n{}\n", NumberOf(line, "value_bytes"),
             is_text ? "" : ", base64", TextOf(line, is_text ? "value" : "value_base64"));
}

void PrintChanged(LettersVerb verb, json::Value line) {
  if (verb == LettersVerb::kDrop) {
    fmt::print("{} dropped\n", NumberOf(line, "id"));
  } else {
    fmt::print("{} on its way again: {}/{} at {}\n", NumberOf(line, "id"), TextOf(line, "topic"),
               NumberOf(line, "partition"), NumberOf(line, "offset"));
  }
}

// Prints the lines of an answer; kFindings when one of them is an error.
ExitCode PrintAnswer(LettersVerb verb, std::string_view answer, bool as_json,
                     std::size_t letters_max) {
  ExitCode exit = ExitCode::kGood;
  std::size_t letters = 0;
  while (!answer.empty()) {
    const std::string_view text = answer.substr(0, answer.find('\n'));
    answer.remove_prefix(std::min(answer.size(), text.size() + 1));
    const Result<json::Document> document = json::Parse(text);
    if (!document) continue;
    const json::Value line = document->root();
    const bool is_error = line["error"].is_object();
    if (is_error) exit = ExitCode::kFindings;
    if (as_json) {
      fmt::print("{}\n", text);
      if (!is_error) ++letters;
    } else if (is_error) {
      fmt::print(stderr, "insightd: {}\n", TextOf(line["error"], "message"));
    } else if (verb == LettersVerb::kList) {
      PrintListed(line);
      ++letters;
    } else if (verb == LettersVerb::kShow) {
      PrintWhole(line);
    } else {
      PrintChanged(verb, line);
      ++letters;
    }
  }
  if (!as_json && letters == 0 && exit == ExitCode::kGood && verb != LettersVerb::kShow) {
    fmt::print("no dead letters\n");
  }
  if (verb == LettersVerb::kList && letters == letters_max) {
    fmt::print(stderr, "insightd: these are the oldest {}; --limit shows more\n", letters);
  }
  return exit;
}

}  // namespace

ExitCode RunDeadLetters(LettersVerb verb, const CommandLine& line) {
  const DeadLettersArguments& arguments = line.dead_letters;
  const bool changes = verb == LettersVerb::kReplay || verb == LettersVerb::kDrop;
  if (changes && arguments.ids.empty() == !arguments.every) {
    return Complain("name the dead letters by id, or --all of them", ExitCode::kUsage);
  }
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(line.config, table);
  for (const std::string& mistake : mistakes) fmt::print(stderr, "insightd: {}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;

  const std::string question = LettersQuestion(verb, arguments);
  const auto answer = AnswerTo(question, settings);
  if (!answer) return Complain(answer.error().message, answer.error().exit);
  return PrintAnswer(verb, *answer, line.json, static_cast<std::size_t>(arguments.letters_max));
}

}  // namespace insightd::app
