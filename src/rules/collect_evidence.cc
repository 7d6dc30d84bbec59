#include "rules/collect_evidence.h"
#include "base/utf8.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace insightd::rules {
namespace {

using cel::Trace;

// How much a place says: of an element that passed, or of each of many.
enum class Weight : std::uint8_t { kTold, kBulk };

struct Kept {
  Weight weight = Weight::kBulk;
  cel::Value value;
  bool is_absent = false;
};

// `[9]` before `[10]`: runs of digits are compared as numbers.
struct PlaceOrder {
  bool operator()(const std::string& a, const std::string& b) const {
    std::size_t i = 0, k = 0;
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    while (i < a.size() && k < b.size()) {
      if (is_digit(a[i]) && is_digit(b[k])) {
        const auto run = [&](const std::string& text, std::size_t at) {
          std::size_t end = at;
          while (end < text.size() && is_digit(text[end])) ++end;
          return end - at;
        };
        const std::size_t x = run(a, i), y = run(b, k);
        if (x != y) return x < y;
        const int order = a.compare(i, x, b, k, y);
        if (order != 0) return order < 0;
        i += x;
        k += y;
        continue;
      }
      if (a[i] != b[k]) return a[i] < b[k];
      ++i, ++k;
    }
    return a.size() - i < b.size() - k;
  }
};

using PlacesOfFile = std::map<std::string, Kept, PlaceOrder>;
using PlacesByFile = std::map<std::uint32_t, PlacesOfFile>;  // members are sorted by name

// Resolves reads into places, each once.
class Collector {
 public:
  Collector(const Facts& facts, Places& places) : facts_(facts), places_(places) {}

  void Take(const Trace::Read& read, Weight weight) {
    if (read.what == Trace::What::kSlot) return;
    if (taken_ >= kEvidenceReadsMax) {
      is_complete_ = false;
      return;
    }
    ++taken_;
    const std::span<const cel::Value> keys(read.keys, read.key_count);
    std::optional<FoundPlace> found;
    if (read.what != Trace::What::kValue) found = places_.Below(read.base, keys);
    if (!found && read.what != Trace::What::kAbsent) found = places_.Of(read.value);
    if (!found) return;
    found->at.resize(utf8::Front(found->at, kEvidencePathBytesMax).size());
    const auto [at, is_new] = by_file_[found->member].try_emplace(
        std::move(found->at), Kept{weight, found->value, found->is_absent});
    if (!is_new) at->second.weight = std::min(at->second.weight, weight);
  }

  PlacesByFile& by_file() { return by_file_; }
  bool is_complete() const { return is_complete_; }

  // What lies around another place that says as much says nothing new.
  void DropOuter() {
    for (auto& [member, places] : by_file_) {
      std::unordered_map<std::string_view, Weight> around;
      for (const auto& [at, kept] : places) {
        const std::string_view way = at;
        const auto note = [&](std::string_view outer, Weight weight) {
          const auto [known, is_new] = around.try_emplace(outer, weight);
          if (!is_new) known->second = std::min(known->second, weight);
        };
        if (!way.empty()) note({}, kept.weight);
        for (std::size_t i = 1; i < way.size(); ++i) {
          if (way[i] == '.' || way[i] == '[') note(way.substr(0, i), kept.weight);
        }
      }
      std::vector<std::string> outer;
      for (const auto& [at, kept] : places) {
        const auto known = around.find(at);
        if (known != around.end() && known->second <= kept.weight) outer.push_back(at);
      }
      for (const std::string& at : outer) places.erase(at);
    }
  }

  std::vector<EvidenceFile> Files(std::uint64_t& more_files) const {
    // Those that say most come first where not all have room.
    std::vector<std::pair<Weight, std::uint32_t>> order;
    for (const auto& [member, places] : by_file_) {
      Weight weight = Weight::kBulk;
      for (const auto& [at, kept] : places) weight = std::min(weight, kept.weight);
      if (!places.empty()) order.emplace_back(weight, member);
    }
    std::sort(order.begin(), order.end());
    more_files = order.size() > kEvidenceFilesMax ? order.size() - kEvidenceFilesMax : 0;
    order.resize(order.size() - more_files);
    std::sort(order.begin(), order.end(),
              [](const auto& a, const auto& b) { return a.second < b.second; });
    std::vector<EvidenceFile> files;
    for (const auto& [weight, member] : order) files.push_back(FileOf(member));
    return files;
  }

 private:
  EvidenceFile FileOf(std::uint32_t member) const {
    EvidenceFile file{
        .path = std::string(facts_.tree().members()[member].name), .places = {}, .more_places = 0};
    const PlacesOfFile& places = by_file_.at(member);
    for (const Weight weight : {Weight::kTold, Weight::kBulk}) {
      for (const auto& [at, kept] : places) {
        if (kept.weight == weight && file.places.size() < kEvidencePlacesMax) {
          file.places.push_back({.at = at,
                                 .value = kept.is_absent ? "" : ShownValue(kept.value),
                                 .is_absent = kept.is_absent});
        }
      }
    }
    std::sort(file.places.begin(), file.places.end(),
              [](const auto& a, const auto& b) { return PlaceOrder()(a.at, b.at); });
    file.more_places = places.size() - file.places.size();
    return file;
  }

  const Facts& facts_;
  Places& places_;
  PlacesByFile by_file_;
  std::size_t taken_ = 0;
  bool is_complete_ = true;
};

// Follows the variables that were used to what was read for them.
class Walk {
 public:
  Walk(const Trace& trace, Collector& collector) : trace_(trace), collector_(collector) {}

  void Go(const Trace::Journal& journal, Weight weight) {
    for (const Trace::Read& read : journal.reads) {
      const Weight its = read.bulk ? Weight::kBulk : weight;
      if (read.what == Trace::What::kSlot) {
        Use(read.slot, its);
      } else {
        collector_.Take(read, its);
      }
    }
  }

  const std::set<std::uint32_t>& slots() const { return slots_; }

 private:
  void Use(std::uint32_t slot, Weight weight) {
    slots_.insert(slot);
    const auto [at, is_new] = walked_.try_emplace(slot, weight);
    if (!is_new && at->second <= weight) return;
    at->second = weight;
    if (const Trace::Journal* journal = trace_.OfSlot(slot)) Go(*journal, weight);
  }

  const Trace& trace_;
  Collector& collector_;
  std::set<std::uint32_t> slots_;
  std::unordered_map<std::uint32_t, Weight> walked_;
};

EvidenceInput LookedAt(const Input& input, const std::vector<std::uint32_t>& members,
                       const Facts& facts) {
  EvidenceInput looked{.name = input.name, .files = members.size(), .paths = {}};
  if (!members.empty() && members.size() <= kEvidencePathsMax) {
    for (const std::uint32_t member : members) {
      looked.paths.emplace_back(facts.tree().members()[member].name);
    }
  } else {
    looked.paths = input.paths;
    if (looked.paths.size() > kEvidencePathsMax) looked.paths.resize(kEvidencePathsMax);
  }
  return looked;
}

}  // namespace

std::string ShownValue(const cel::Value& value) {
  return cel::ToDebugText(value, kEvidenceValueBytesMax);
}

std::vector<EvidenceFile> PlacesOfReads(const std::vector<Trace::Read>& reads, const Facts& facts,
                                        Places& places, std::uint64_t& more_files) {
  Collector collector(facts, places);
  for (const Trace::Read& read : reads) {
    collector.Take(read, read.bulk ? Weight::kBulk : Weight::kTold);
  }
  collector.DropOuter();
  return collector.Files(more_files);
}

Evidence CollectEvidence(const Trace& trace, const Pack& pack, const Facts& facts, Places& places) {
  Collector collector(facts, places);
  Walk walk(trace, collector);
  walk.Go(trace.root(), Weight::kTold);

  Evidence evidence;
  PlacesByFile& by_file = collector.by_file();
  for (std::uint32_t index = 0; index < pack.inputs.size(); ++index) {
    const Input& input = pack.inputs[index];
    if (input.name.empty() || !walk.slots().contains(input.slot)) continue;
    const std::vector<std::uint32_t>& members = facts.MembersOf(index);
    bool is_told = false, is_bulk = false;
    for (const std::uint32_t member : members) {
      const auto file = by_file.find(member);
      if (file == by_file.end()) continue;
      for (const auto& [at, kept] : file->second) {
        (kept.weight == Weight::kTold ? is_told : is_bulk) = true;
      }
    }
    if (!is_told && !is_bulk) {
      evidence.looked_at.push_back(LookedAt(input, members, facts));
    } else if (is_told && is_bulk) {
      // What was read of all is of no interest beside what was found in some.
      for (const std::uint32_t member : members) {
        const auto file = by_file.find(member);
        if (file == by_file.end()) continue;
        std::erase_if(file->second,
                      [](const auto& one) { return one.second.weight == Weight::kBulk; });
      }
    }
  }
  collector.DropOuter();
  evidence.files = collector.Files(evidence.more_files);
  std::sort(evidence.looked_at.begin(), evidence.looked_at.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  if (evidence.looked_at.size() > kEvidenceInputsMax) {
    evidence.looked_at.resize(kEvidenceInputsMax);
  }
  evidence.is_complete = collector.is_complete() && !trace.incomplete();
  return evidence;
}

}  // namespace insightd::rules
