#include "app/health/process_metrics.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <string>

namespace insightd::app {
namespace {

double ValueOf(const std::string& text, const std::string& name) {
  const std::size_t at = text.find("\n" + name + " ");
  if (at == text.npos) return -1;
  return std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

TEST(ProcessMetricsTest, TellMemoryTimeFilesAndThreads) {
  metrics::Registry registry;
  AddProcessMetrics(registry);
  const std::string text = registry.Text();
  EXPECT_GT(ValueOf(text, "process_resident_memory_bytes"), 1e6);
  EXPECT_GT(ValueOf(text, "process_virtual_memory_bytes"),
            ValueOf(text, "process_resident_memory_bytes"));
  EXPECT_GE(ValueOf(text, "process_cpu_seconds_total"), 0);
  EXPECT_GE(ValueOf(text, "process_threads"), 1);
  EXPECT_GE(ValueOf(text, "process_open_fds"), 3);
  EXPECT_GT(ValueOf(text, "process_max_fds"), ValueOf(text, "process_open_fds"));
  const double now = static_cast<double>(std::time(nullptr));
  EXPECT_LE(ValueOf(text, "process_start_time_seconds"), now + 2);
  EXPECT_GT(ValueOf(text, "process_start_time_seconds"), now - 3600);
}

TEST(ProcessMetricsTest, TimeOnlyGrows) {
  metrics::Registry registry;
  AddProcessMetrics(registry);
  const double before = ValueOf(registry.Text(), "process_cpu_seconds_total");
  const std::clock_t begun = std::clock();
  while (std::clock() - begun < CLOCKS_PER_SEC / 20) {
  }
  EXPECT_GT(ValueOf(registry.Text(), "process_cpu_seconds_total"), before);
}

}  // namespace
}  // namespace insightd::app
