// From the bytes of an archive to the outcomes of all rules, on one core, beside a floor measured
// in the same run: ISA-L inflate, a walk over the tar headers, and simdjson's DOM parse of the
// documents that the rules read, all into memory that is used again. No less can be done to read
// an archive.
//
//   analyze_bench [--per-second N] [ARCHIVE…]
//
// Without archives: those beside the checkout, and two made by the generator there. `--per-second`
// takes an archive that often and no more, as in a load: then caches are less warm than in a loop.
#include <fmt/core.h>
#include <isa-l/igzip_lib.h>
#include <simdjson.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "archive/unpack.h"
#include "rules/embedded_pack.h"
#include "rules/judge.h"

namespace {

namespace fs = std::filesystem;
using insightd::Result;
using namespace insightd::rules;    // NOLINT: the whole program is about it
using namespace insightd::archive;  // NOLINT

constexpr double kSecondsPerCase = 1.0;
constexpr double kPacedSeconds = 4.0;
constexpr std::size_t kRoundsMin = 5;

// Time on the core, so that what else the machine does counts for neither side.
double Now() {
  timespec at{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
  return static_cast<double>(at.tv_sec) + static_cast<double>(at.tv_nsec) * 1e-9;
}

[[noreturn]] void Give(const std::string& why) {
  fmt::print(stderr, "analyze_bench: {}\n", why);
  std::exit(1);
}

// The whole inflated stream in a buffer that is used again.
class Floor {
 public:
  explicit Floor(const Pack& pack) : pack_(pack) {}

  // Which members are documents that rules read: found once, as it is no part of the floor.
  void Prepare(const std::string& packed) {
    Inflate(packed);
    wanted_.clear();
    Walk([&](std::string_view name, std::string_view) {
      std::vector<std::uint32_t> ids;
      pack_.patterns.Match(name, ids);
      const bool is_document = std::any_of(ids.begin(), ids.end(), [&](std::uint32_t id) {
        return pack_.inputs[pack_.pattern_targets[id].input].as == ParseAs::kJson;
      });
      wanted_.push_back(is_document);
    });
  }

  // Bytes of the documents that were parsed.
  std::size_t Run(const std::string& packed) {
    Inflate(packed);
    std::size_t number = 0;
    std::size_t bytes = 0;
    Walk([&](std::string_view, std::string_view text) {
      if (!wanted_[number++]) return;
      simdjson::dom::element root;
      if (parser_.parse(text.data(), text.size(), false).get(root) == simdjson::SUCCESS) {
        bytes += text.size();
      }
    });
    return bytes;
  }

 private:
  void Inflate(const std::string& packed) {
    inflate_state state;
    isal_inflate_init(&state);
    state.crc_flag = ISAL_GZIP;
    state.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(packed.data()));
    state.avail_in = static_cast<std::uint32_t>(packed.size());
    if (tar_.empty()) tar_.resize(std::size_t{1} << 20);
    size_ = 0;
    while (true) {
      if (tar_.size() - size_ < simdjson::SIMDJSON_PADDING + 1) tar_.resize(tar_.size() * 2);
      const auto room =
          static_cast<std::uint32_t>(tar_.size() - size_ - simdjson::SIMDJSON_PADDING);
      state.next_out = reinterpret_cast<std::uint8_t*>(tar_.data() + size_);
      state.avail_out = room;
      if (isal_inflate(&state) != ISAL_DECOMP_OK) Give("an archive that is no gzip");
      size_ += room - state.avail_out;
      if (state.block_state == ISAL_BLOCK_FINISH) return;
    }
  }

  template <class Visit>
  void Walk(Visit visit) {
    constexpr std::size_t kBlock = 512;
    for (std::size_t at = 0; at + kBlock <= size_ && tar_[at] != '\0';) {
      const char* header = tar_.data() + at;
      std::size_t bytes = 0;
      for (int i = 124; i < 135 && header[i] >= '0'; ++i) {
        bytes = bytes * 8 + static_cast<std::size_t>(header[i] - '0');
      }
      name_.clear();
      if (header[345] != '\0') {
        name_.append(header + 345, strnlen(header + 345, 155));
        name_ += '/';
      }
      name_.append(header, strnlen(header, 100));
      if (header[156] == '0' || header[156] == '\0') {
        visit(name_, std::string_view(header + kBlock, bytes));
      }
      at += kBlock + (bytes + kBlock - 1) / kBlock * kBlock;
    }
  }

  const Pack& pack_;
  std::string tar_;
  std::string name_;
  std::size_t size_ = 0;
  std::vector<bool> wanted_;
  simdjson::dom::parser parser_;
};

// Seconds that a call takes: the median, with a pace the mean, as it is taken of a load.
template <class Call>
double Typical(double per_s, Call call) {
  std::vector<double> rounds;
  const double end = Now() + kSecondsPerCase;
  const auto enough = [&] {
    if (per_s > 0) return static_cast<double>(rounds.size()) >= kPacedSeconds * per_s;
    return Now() >= end;
  };
  while (rounds.size() < kRoundsMin || !enough()) {
    const double begin = Now();
    call();
    rounds.push_back(Now() - begin);
    if (per_s > 0) std::this_thread::sleep_for(std::chrono::duration<double>(1 / per_s));
  }
  if (per_s > 0) {
    return std::accumulate(rounds.begin(), rounds.end(), 0.0) / static_cast<double>(rounds.size());
  }
  std::nth_element(rounds.begin(), rounds.begin() + rounds.size() / 2, rounds.end());
  return rounds[rounds.size() / 2];
}

void Measure(const std::string& path, const PackPointer& pack, double per_s) {
  std::ifstream file(path, std::ios::binary);
  const std::string packed((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
  if (packed.empty()) Give(fmt::format("cannot read {}", path));

  Floor floor(*pack);
  floor.Prepare(packed);
  const double floor_s = Typical(per_s, [&] { floor.Run(packed); });

  Judge judge(pack);
  Unpacker unpacker;
  const auto wanted = judge.wanted();
  std::uint64_t steps = 0;
  double judged_s = 0;
  std::size_t rounds = 0;
  const double ours_s = Typical(per_s, [&] {
    MemorySource source(packed);
    Result<FileTree> tree = unpacker.Unpack(source, wanted, {});
    if (!tree) Give(tree.error().message());
    const double begin = Now();
    const Report report = judge.Run(*tree);
    judged_s += Now() - begin;
    ++rounds;
    steps = 0;
    for (const Outcome& outcome : report.outcomes) steps += outcome.steps;
  });
  fmt::print("{:<44} {:>8.0f} {:>9.3f} {:>9.3f} {:>6.2f} {:>10.3f} {:>9}\n",
             fs::path(path).filename().string().substr(0, 44),
             static_cast<double>(packed.size()) / 1000, floor_s * 1e3, ours_s * 1e3,
             ours_s / floor_s, judged_s / static_cast<double>(rounds) * 1e3, steps);
}

std::vector<std::string> DefaultArchives(const fs::path& folder) {
  const char* given = std::getenv("INSIGHTD_TEST_DATA");
  const fs::path data =
      fs::path(given != nullptr ? given : INSIGHTD_SOURCE_DIR "/../shared/data") / "archives";
  if (!fs::exists(data)) Give(fmt::format("no archives at {}; name some", data.string()));
  std::vector<std::string> paths = {(data / "rapid-recommendations.tar.gz").string(),
                                    (data / "insights-archive-sample.tar.gz").string()};
  for (const char* options :
       {"--seed one --nodes 60 --target-mb 5.2", "--seed eight --nodes 250 --target-mb 42"}) {
    const std::string command =
        fmt::format("python3 '{}' --out '{}' {} > /dev/null", (data / "make_archive.py").string(),
                    folder.string(), options);
    if (std::system(command.c_str()) != 0) fmt::print(stderr, "not made: {}\n", command);
  }
  std::vector<std::string> made;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == ".gz") made.push_back(entry.path().string());
  }
  std::sort(made.begin(), made.end(), [](const std::string& a, const std::string& b) {
    return fs::file_size(a) < fs::file_size(b);
  });
  paths.insert(paths.end(), made.begin(), made.end());
  return paths;
}

}  // namespace

int main(int argc, char** argv) {
  const tl::expected<PackPointer, Diagnostics> pack = LoadPack(EmbeddedBasePack());
  if (!pack) Give(pack.error().ToText());
  std::vector<std::string> paths(argv + 1, argv + argc);
  double per_s = 0;
  if (paths.size() >= 2 && paths[0] == "--per-second") {
    per_s = std::stod(paths[1]);
    paths.erase(paths.begin(), paths.begin() + 2);
  }
  std::string folder = (fs::temp_directory_path() / "insightd-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) Give("no temporary folder");
  if (paths.empty()) paths = DefaultArchives(folder);
  fmt::print("{:<44} {:>8} {:>9} {:>9} {:>6} {:>10} {:>9}\n", "archive", "kB", "floor ms",
             "ours ms", "ratio", "judging ms", "steps");
  for (const std::string& path : paths) Measure(path, *pack, per_s);
  fs::remove_all(folder);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  fmt::print("peak memory of this process: {} MiB\n", usage.ru_maxrss / 1024);
  return 0;
}
