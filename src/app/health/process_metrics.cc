#include "app/health/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/metric_names.h"

namespace insightd::app {
namespace {

std::string ReadSmallFile(const char* path) {
  std::string text;
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return text;
  char buffer[4096];
  text.assign(buffer, std::fread(buffer, 1, sizeof(buffer), file));
  std::fclose(file);
  return text;
}

// Of proc_pid_stat(5), counted as there: the state is the third. 0 where it is not to be had.
double StatField(std::string_view stat, int number) {
  // The name of the program, in parentheses, may hold blanks.
  const std::size_t name_end = stat.rfind(')');
  if (name_end == stat.npos) return 0;
  stat.remove_prefix(name_end + 1);
  for (int at = 3; at < number; ++at) {
    const std::size_t blank = stat.find(' ', 1);
    if (blank == stat.npos) return 0;
    stat.remove_prefix(blank);
  }
  return std::strtod(std::string(stat.substr(1, stat.find(' ', 1))).c_str(), nullptr);
}

double SystemStart() {
  std::FILE* file = std::fopen("/proc/stat", "re");
  if (file == nullptr) return 0;
  char line[8192];
  double start = 0;
  while (std::fgets(line, sizeof(line), file) != nullptr) {
    if (std::sscanf(line, "btime %lf", &start) == 1) break;
  }
  std::fclose(file);
  return start;
}

double OpenFiles() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count - 3;  // itself, `.` and `..`
}

}  // namespace

void AddProcessMetrics(metrics::Registry& registry) {
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const double page = static_cast<double>(sysconf(_SC_PAGESIZE));
  registry.MakeGauge(metrics::kProcessStart)
      .Set(SystemStart() + StatField(ReadSmallFile("/proc/self/stat"), 22) / ticks);
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    registry.MakeGauge(metrics::kProcessFilesMax).Set(static_cast<double>(files.rlim_cur));
  }
  registry.OnText([ticks, page, counted = 0.0, cpu = registry.MakeCounter(metrics::kProcessCpu),
                   resident = registry.MakeGauge(metrics::kProcessResident),
                   virtual_bytes = registry.MakeGauge(metrics::kProcessVirtual),
                   open_files = registry.MakeGauge(metrics::kProcessFiles),
                   threads = registry.MakeGauge(metrics::kProcessThreads)]() mutable {
    const std::string stat = ReadSmallFile("/proc/self/stat");
    const double used = (StatField(stat, 14) + StatField(stat, 15)) / ticks;
    cpu.Add(used - counted);
    counted = used;
    threads.Set(StatField(stat, 20));
    virtual_bytes.Set(StatField(stat, 23));
    resident.Set(StatField(stat, 24) * page);
    open_files.Set(OpenFiles());
  });
}

}  // namespace insightd::app
