// The expression engine alone: one evaluation of a compiled expression over a parsed document. The
// expressions stand in cel_cases.tsv; bench/compare_cel.py sets them beside cel-go.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "cel/compile.h"
#include "cel/evaluate.h"

namespace {

using namespace insightd::cel;  // NOLINT: the whole program is about it
namespace json = insightd::json;

// `doc`, a node of a cluster; `ten` and `thousand`, lists of such; `names`, a list of 1,000 texts.
std::string NodeText(int i) {
  return fmt::format(
      R"({{"metadata":{{"name":"node-{0}","uid":"0b1c-{0}","labels":{{"app":"x","zone":"z{1}",)"
      R"("node-role.kubernetes.io/worker":""}}}},"spec":{{"unschedulable":false}},)"
      R"("status":{{"minor":{0},"nodeInfo":{{"kubeletVersion":"v1.27.{1}"}}}}}})",
      i, i % 3);
}

std::string ListText(int count, const std::string& prefix = "") {
  std::string text = "[";
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += ',';
    text += prefix.empty() ? NodeText(i) : fmt::format("\"{}-{}\"", prefix, i);
  }
  return text + "]";
}

// As the rules' `get`: a dotted path split when compiling.
struct Path {
  std::vector<std::string> parts;
};

Prepared PreparePath(std::span<const Value* const> args) {
  if (args[1] == nullptr) return {};
  auto path = std::make_shared<Path>();
  std::string_view text = args[1]->AsString();
  while (true) {
    const std::size_t dot = text.find('.');
    path->parts.emplace_back(text.substr(0, dot));
    if (dot == text.npos) break;
    text.remove_prefix(dot + 1);
  }
  return {std::move(path), {}, 0};
}

Value Get(Context&, const Value* args, const void* prepared) {
  Value at = args[0];
  for (const std::string& part : static_cast<const Path*>(prepared)->parts) {
    if (!at.is_map() || !MapFind(at, part, at)) return args[2];
  }
  return at.is_null() ? args[2] : at;
}

class World {
 public:
  World() {
    environment_.AddFunction({"get",
                              {{.params = {Type::Dyn(), Type::String(), Type::Dyn()},
                                .result = Type::Dyn(),
                                .call = Get,
                                .prepare = PreparePath}}});
    Add("doc", NodeText(7));
    Add("ten", ListText(10));
    Add("thousand", ListText(1000));
    Add("names", ListText(1000, "name"));
  }

  void Run(benchmark::State& state, const std::string& expression, int elements) {
    const auto program = Compile(expression, environment_);
    if (!program) {
      state.SkipWithError(program.error()[0].message.c_str());
      return;
    }
    Arena arena;
    Budget budget({}, arena, insightd::SystemClock());
    Activation activation(environment_, arena, budget);
    for (std::uint32_t slot = 0; slot < documents_.size(); ++slot) {
      activation.Bind(slot, Value::FromJson(documents_[slot].root()));
    }
    std::uint64_t steps = 0;
    for (auto _ : state) {
      arena.Reset();
      budget.Restart();
      const Value value = Evaluate(*program, activation);
      if (value.is_error()) {
        state.SkipWithError(value.AsError().Message().c_str());
        return;
      }
      benchmark::DoNotOptimize(value);
      steps = budget.steps();
    }
    state.counters["steps"] = static_cast<double>(steps);
    if (elements > 0) {
      state.counters["per_element"] = benchmark::Counter(
          elements, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
    }
  }

  void CompileOnly(benchmark::State& state, const std::string& expression) {
    for (auto _ : state) benchmark::DoNotOptimize(Compile(expression, environment_).has_value());
  }

 private:
  void Add(const char* name, const std::string& text) {
    documents_.push_back(std::move(*json::Parse(text)));
    environment_.AddVariable(name, Type::Dyn());
  }

  Environment environment_;
  std::vector<json::Document> documents_;
};

struct Case {
  std::string name;
  int elements = 0;
  std::string expression;
};

std::string ThousandTexts() {
  std::string text = "[";
  for (int i = 0; i < 1000; ++i) text += fmt::format("{}'name-{}'", i > 0 ? ", " : "", i);
  return text + "]";
}

// bench/cel_cases.tsv, which bench/celgo reads too.
std::vector<Case> ReadCases() {
  constexpr std::string_view kThousand = "%THOUSAND%";
  std::vector<Case> cases;
  std::ifstream in(INSIGHTD_SOURCE_DIR "/bench/cel_cases.tsv");
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream fields(line);
    Case one;
    std::string elements, share;
    std::getline(fields, one.name, '\t');
    std::getline(fields, elements, '\t');
    std::getline(fields, share, '\t');
    std::getline(fields, one.expression);
    one.elements = std::atoi(elements.c_str());
    const std::size_t at = one.expression.find(kThousand);
    if (at != std::string::npos) {
      one.expression.replace(at, kThousand.size(), ThousandTexts());
    }
    cases.push_back(std::move(one));
  }
  return cases;
}

}  // namespace

int main(int argc, char** argv) {
  World world;
  const std::vector<Case> cases = ReadCases();
  if (cases.empty()) {
    fmt::print(stderr, "cel_bench: no cases in " INSIGHTD_SOURCE_DIR "/bench/cel_cases.tsv\n");
    return 1;
  }
  for (const Case& c : cases) {
    benchmark::RegisterBenchmark(c.name.c_str(), [&world, &c](benchmark::State& state) {
      world.Run(state, c.expression, c.elements);
    });
  }
  benchmark::RegisterBenchmark("compile", [&world](benchmark::State& state) {
    world.CompileOnly(state,
                      "thousand.filter(n, get(n, 'metadata.labels.zone', '') in ['z0', 'z1'] && "
                      "n.status.minor > 3).map(n, {'name': get(n, 'metadata.name', '')})");
  });
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
