// The expression engine alone: one evaluation of a compiled expression over a parsed document.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>

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
  const char* name;
  const char* expression;
  int elements;
};

constexpr Case kCases[] = {
    {"nothing", "doc", 0},
    {"member", "doc.metadata.labels.app == 'x'", 0},
    {"compare", "doc.status.minor < 10 && doc.metadata.name == 'node-7'", 0},
    {"get", "get(doc, 'status.nodeInfo.kubeletVersion', '') == 'v1.27.1'", 0},
    {"in_small_list", "doc.metadata.labels.zone in ['z0', 'z1', 'z2']", 0},
    {"starts_with", "doc.metadata.name.startsWith('node-')", 0},
    {"contains", "doc.metadata.name.contains('e-7')", 0},
    {"matches", "doc.metadata.name.matches('^node-[0-9]+$')", 0},
    {"in_1000", "doc.metadata.name in names", 1000},
    {"format", "'%s %d'.format([doc.metadata.name, doc.status.minor])", 0},
    {"exists_10", "ten.exists(n, n.status.minor > 100)", 10},
    {"exists_1000", "thousand.exists(n, n.status.minor > 1000)", 1000},
    {"filter_10", "ten.filter(n, get(n, 'metadata.labels.zone', '') == 'z1')", 10},
    {"filter_1000", "thousand.filter(n, get(n, 'metadata.labels.zone', '') == 'z1')", 1000},
    {"map_10", "ten.map(n, get(n, 'metadata.name', ''))", 10},
    {"map_1000", "thousand.map(n, get(n, 'metadata.name', ''))", 1000},
    {"details_1000", "thousand.map(n, {'name': n.metadata.name, 'minor': n.status.minor})", 1000},
    {"distinct_1000", "thousand.map(n, n.metadata.name).distinct()", 1000},
};

}  // namespace

int main(int argc, char** argv) {
  World world;
  for (const Case& c : kCases) {
    benchmark::RegisterBenchmark(c.name, [&world, &c](benchmark::State& state) {
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
