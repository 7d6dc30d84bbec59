#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace insightd::metrics {
namespace {

std::map<std::string, std::string> ToMap(Labels labels) {
  std::map<std::string, std::string> map;
  for (const auto& [name, value] : labels) map.emplace(name, value);
  return map;
}

}  // namespace

struct Registry::Impl {
  prometheus::Registry registry{prometheus::Registry::InsertBehavior::Merge};
  std::mutex mutex;
  std::vector<std::function<void()>> refreshers;
};

Registry::Registry() : impl_(std::make_unique<Impl>()) {}
Registry::~Registry() = default;

Counter Registry::MakeCounter(const Definition& definition, Labels labels) {
  Counter counter;
  counter.counter_ = &prometheus::BuildCounter()
                          .Name(definition.name)
                          .Help(definition.help)
                          .Register(impl_->registry)
                          .Add(ToMap(labels));
  return counter;
}

Gauge Registry::MakeGauge(const Definition& definition, Labels labels) {
  Gauge gauge;
  gauge.gauge_ = &prometheus::BuildGauge()
                      .Name(definition.name)
                      .Help(definition.help)
                      .Register(impl_->registry)
                      .Add(ToMap(labels));
  return gauge;
}

Histogram Registry::MakeHistogram(const Definition& definition, Labels labels) {
  Histogram histogram;
  histogram.histogram_ = &prometheus::BuildHistogram()
                              .Name(definition.name)
                              .Help(definition.help)
                              .Register(impl_->registry)
                              .Add(ToMap(labels), definition.buckets);
  return histogram;
}

void Counter::Add(double amount) const {
  if (counter_ != nullptr) static_cast<prometheus::Counter*>(counter_)->Increment(amount);
}
void Gauge::Set(double value) const {
  if (gauge_ != nullptr) static_cast<prometheus::Gauge*>(gauge_)->Set(value);
}
void Gauge::Add(double amount) const {
  if (gauge_ != nullptr) static_cast<prometheus::Gauge*>(gauge_)->Increment(amount);
}
void Histogram::Observe(double value) const {
  if (histogram_ != nullptr) static_cast<prometheus::Histogram*>(histogram_)->Observe(value);
}

void Registry::OnText(std::function<void()> refresh) {
  const std::lock_guard lock(impl_->mutex);
  impl_->refreshers.push_back(std::move(refresh));
}

std::string Registry::Text() {
  {
    const std::lock_guard lock(impl_->mutex);
    for (const auto& refresh : impl_->refreshers) refresh();
  }
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace insightd::metrics
