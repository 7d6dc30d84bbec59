// Numbers for Prometheus: counters, gauges, histograms, served at /metrics.
//
// Names, help texts and buckets are part of the interface and stand in metric_names.h alone.
// Handles are found once and kept: a look-up by labels costs 256 ns, adding through a handle 13.
// No label may have values without bound (cluster, URL, text of a rule).
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace insightd::metrics {

enum class Kind : unsigned char { kCounter, kGauge, kHistogram };

struct Definition {
  Kind kind;
  const char* name;  // counters end in _total
  const char* help;
  std::vector<double> buckets = {};  // upper bounds of a histogram
};

using Labels = std::initializer_list<std::pair<const char*, std::string>>;

// Handles are small, copied freely, thread-safe, and valid as long as their registry.
class Counter {
 public:
  Counter() = default;  // counts nothing
  void Add(double amount = 1) const;

 private:
  friend class Registry;
  void* counter_ = nullptr;
};

class Gauge {
 public:
  Gauge() = default;
  void Set(double value) const;
  void Add(double amount) const;

 private:
  friend class Registry;
  void* gauge_ = nullptr;
};

class Histogram {
 public:
  Histogram() = default;
  void Observe(double value) const;

 private:
  friend class Registry;
  void* histogram_ = nullptr;
};

// Thread-safe. Asking twice for one name and labels gives the same series.
class Registry {
 public:
  Registry();
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  Counter MakeCounter(const Definition& definition, Labels labels = {});
  Gauge MakeGauge(const Definition& definition, Labels labels = {});
  Histogram MakeHistogram(const Definition& definition, Labels labels = {});

  // `refresh` is called before each Text: for gauges that are read off something. What it uses
  // must outlive the registry's last Text.
  void OnText(std::function<void()> refresh);
  // The exposition in Prometheus' text format 0.0.4.
  std::string Text();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace insightd::metrics
