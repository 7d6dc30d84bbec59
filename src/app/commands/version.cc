#include <fmt/core.h>

#include "app/build_info.h"
#include "app/commands/commands.h"
#include "base/json_writer.h"

namespace insightd::app {

ExitCode RunVersion(bool as_json) {
  if (!as_json) {
    fmt::print("insightd {} (commit {})\n", BuildVersion(), BuildCommit());
    return ExitCode::kGood;
  }
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("version").String(BuildVersion()).Key("commit").String(BuildCommit());
  w.EndObject();
  fmt::print("{}\n", out);
  return ExitCode::kGood;
}

}  // namespace insightd::app
