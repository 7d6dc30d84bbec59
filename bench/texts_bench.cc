// A rule's text: read once, filled with the details of a hit again and again.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>

#include "base/json.h"
#include "content/template.h"

namespace {

namespace json = insightd::json;
using insightd::content::DataAs;
using insightd::content::Template;

constexpr const char* kText =
    "{{?pydata.nodes.length == 1}}One node runs{{??}}{{=pydata.nodes.length}} nodes run{{?}} a "
    "kubelet that is too old:\n\n{{~ pydata.nodes :node }}\n- `{{=node.name}}` "
    "({{=node.kubelet}}){{?node.role}}, {{=node.role}}{{?}}\n{{~}}\n";

json::Document Details(std::int64_t nodes) {
  std::string text = R"({"nodes":[)";
  for (std::int64_t i = 0; i < nodes; ++i) {
    text +=
        fmt::format(R"({}{{"name":"worker-{}.example.com","kubelet":"v1.27.{}","role":"worker"}})",
                    i == 0 ? "" : ",", i, i % 9);
  }
  return std::move(*json::Parse(text + "]}"));
}

void Parse(benchmark::State& state) {
  for (auto _ : state) {
    const auto parsed = Template::Parse("bench", kText);
    if (!parsed) std::abort();
    benchmark::DoNotOptimize(parsed);
  }
}
BENCHMARK(Parse);

void Render(benchmark::State& state, DataAs data_as) {
  const auto parsed = Template::Parse("bench", kText);
  const json::Document details = Details(state.range(0));
  std::size_t bytes = 0;
  for (auto _ : state) {
    const auto rendered = parsed->Render(details.root(), data_as);
    if (!rendered) std::abort();
    bytes += rendered->size();
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK_CAPTURE(Render, markdown, DataAs::kMarkdown)->Arg(1)->Arg(10)->Arg(1000);
BENCHMARK_CAPTURE(Render, plain, DataAs::kPlain)->Arg(1)->Arg(10)->Arg(1000);

}  // namespace

BENCHMARK_MAIN();
